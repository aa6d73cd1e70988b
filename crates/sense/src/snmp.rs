//! Figures by SNMP GET, v2c and v3.
//!
//! Source: RFC 3416 §4.2.1 (GET, exceptions), RFC 3414 (users), RFC 7860 (SHA-2).

use crate::device::Endpoint;
use crate::value::{Given, Reading, Wanted};
use async_snmp::{Auth, Client, Oid, Retry, UdpClient, Value};
use std::time::Duration;

/// Where agents listen.
pub(crate) const PORT: u16 = 161;
/// How long an answer is waited for before it is asked again.
const ANSWER: Duration = Duration::from_secs(2);

/// An agent and what is asked of it.
pub(crate) struct Snmp {
    pub(crate) endpoint: Endpoint,
    pub(crate) auth: Auth,
    pub(crate) reads: Vec<(Wanted, Oid)>,
}

/// A client that was made already; it knows the agent's engine.
#[derive(Default)]
pub(crate) struct Session(Option<UdpClient>);

impl Snmp {
    pub(crate) async fn read(&self, session: &mut Session) -> Result<Vec<Reading>, String> {
        let client = match session.0.take() {
            Some(client) => client,
            None => self.connect().await.map_err(|error| error.to_string())?,
        };
        let objects: Vec<Oid> = self.reads.iter().map(|(_, oid)| oid.clone()).collect();
        let answer = client.get_many(&objects).await.map_err(|error| error.to_string())?;
        let readings = self.reads.iter().map(|(wanted, oid)| {
            let bound = answer.varbinds.iter().find(|bound| bound.oid == *oid);
            wanted.reading(
                bound.map_or_else(|| Given::Nothing("not answered".to_owned()), |bound| given(&bound.value)),
            )
        });
        let readings = readings.collect();
        session.0 = Some(client);
        Ok(readings)
    }

    async fn connect(&self) -> async_snmp::Result<UdpClient> {
        let target = (self.endpoint.host.as_str(), self.endpoint.port);
        let retry = Retry::fixed(2, Duration::ZERO).unwrap_or_else(|_| Retry::none());
        Client::builder(target, self.auth.clone()).request_timeout(ANSWER).retry(retry).connect().await
    }
}

fn given(value: &Value) -> Given {
    match value {
        Value::Integer(number) => Given::Number(f64::from(*number)),
        Value::Counter32(number)
        | Value::Gauge32(number)
        | Value::UInteger32(number)
        | Value::TimeTicks(number) => Given::Number(f64::from(*number)),
        // Beyond 2^53 the last figures are not kept.
        Value::Counter64(number) => Given::Number(*number as f64),
        Value::OctetString(bytes) => Given::Text(String::from_utf8_lossy(bytes).into_owned()),
        Value::NoSuchObject => Given::Nothing("no such object".to_owned()),
        Value::NoSuchInstance => Given::Nothing("no such instance".to_owned()),
        Value::EndOfMibView => Given::Nothing("end of view".to_owned()),
        other => Given::Nothing(format!("no number: {}", other.kind())),
    }
}
