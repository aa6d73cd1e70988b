//! PostgreSQL: statements kept prepared, errors without what rows hold, URLs without what must not be told.
//!
//! Connections go over a socket of this machine, or over a network only where the URL says `sslmode=disable`: this
//! program speaks no TLS to a database, and never falls back to clear text unasked.
//! Limit: the driver waits inside; it must not be called on a thread of an asynchronous runtime.

use super::{PREPARED, Row, Value, unavailable};
use crate::error::{StoreError, UrlFault};
use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use std::collections::HashMap;
use std::time::Duration;

pub(super) struct Connection {
    client: postgres::Client,
    prepared: HashMap<String, postgres::Statement>,
}

/// Waiting longer for an answer to nothing means that there is nobody.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

impl Connection {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        // What the driver says of a URL it cannot read may quote a part of it, and that may be the password.
        let mut config: postgres::Config =
            url.parse().map_err(|_| StoreError::Url { fault: UrlFault::Unread })?;
        if config.get_ssl_mode() != SslMode::Disable && !config.get_hosts().iter().all(is_here) {
            return Err(StoreError::Url { fault: UrlFault::InClear });
        }
        if config.get_application_name().is_none() {
            config.application_name("ward");
        }
        let client = config.connect(postgres::NoTls).map_err(|error| failed("connect", error))?;
        Ok(Self { client, prepared: HashMap::new() })
    }

    pub(super) fn prepare_anew(&mut self) {
        self.prepared.clear();
    }

    pub(super) fn is_alive(&mut self) -> bool {
        !self.client.is_closed() && self.client.is_valid(ANSWERS_WITHIN).is_ok()
    }

    pub(super) fn run(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(text)?;
        self.client.execute(&statement, &bound(values)).map_err(|error| failed(text, error))
    }

    pub(super) fn rows(
        &mut self,
        text: &str,
        values: &[Value],
        within: bool,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(text)?;
        let mut rows = self.client.query(&statement, &bound(values));
        // A statement prepared before a table was made anew with other types: it is prepared again.
        if !within && rows.as_ref().is_err_and(|error| error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED))
        {
            self.prepare_anew();
            let statement = self.prepare(text)?;
            rows = self.client.query(&statement, &bound(values));
        }
        rows.map_err(|error| failed(text, error))?.iter().map(|row| read(row, text)).collect()
    }

    pub(super) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        self.client.batch_execute(text).map_err(|error| failed(text, error))
    }

    fn prepare(&mut self, text: &str) -> Result<postgres::Statement, StoreError> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).map_err(|error| failed(text, error))?;
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Does it stay on this machine?
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
    }
}

/// What the server said, without the detail, which may quote a row.
#[derive(Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
struct Said {
    message: String,
    code: String,
}

fn failed(what: &str, error: postgres::Error) -> StoreError {
    let said = error
        .as_db_error()
        .map(|error| Said { message: error.message().to_owned(), code: error.code().code().to_owned() });
    match said {
        Some(said) if said.code == SqlState::INSUFFICIENT_PRIVILEGE.code() => {
            StoreError::NotPermitted { what: said.message }
        }
        Some(said) if said.code == SqlState::LOCK_NOT_AVAILABLE.code() => {
            StoreError::Busy { what: said.message }
        }
        Some(said) => unavailable(what, said),
        None => unavailable(what, error),
    }
}

fn bound(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn read(row: &postgres::Row, text: &str) -> Result<Row, StoreError> {
    let cell = |(at, column): (usize, &postgres::Column)| {
        let failed = |error| failed(text, error);
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at).map_err(failed)?.map(Value::Int),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(at).map_err(failed)?.map(|value| Value::Int(value.into()))
            }
            Type::BOOL => {
                row.try_get::<_, Option<bool>>(at).map_err(failed)?.map(|value| Value::Int(value.into()))
            }
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map_err(failed)?.map(Value::Bytes),
            _ => row.try_get::<_, Option<String>>(at).map_err(failed)?.map(Value::Text),
        }
        .unwrap_or(Value::Null))
    };
    row.columns().iter().enumerate().map(cell).collect::<Result<_, StoreError>>().map(Row)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *of == Type::INT4 => i32::try_from(*value)?.to_sql(of, out),
            Self::Int(value) if *of == Type::BOOL => (*value != 0).to_sql(of, out),
            Self::Int(value) => value.to_sql(of, out),
            Self::Text(value) => value.to_sql(of, out),
            Self::Bytes(value) => value.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> StoreError {
        Connection::open(url).err().unwrap()
    }

    #[test]
    fn nothing_of_a_url_that_does_not_read_is_told() {
        for url in [
            "postgres://ward:ge?heim@h/db",
            "host=h password=geheim geheim",
            "geheim",
            "postgres://u:geheim@[h",
        ] {
            let error = refused(url);
            let told = error.told();
            for text in [format!("{error:?}"), error.to_string(), told.zh, told.en] {
                assert!(!text.contains("heim"), "{text}");
            }
        }
    }

    #[test]
    fn a_password_goes_over_no_network_in_clear_unless_one_says_so() {
        for url in ["postgres://ward:geheim@db.example/ward", "host=192.0.2.1 password=geheim sslmode=prefer"]
        {
            let error = refused(url);
            assert!(matches!(error, StoreError::Url { fault: UrlFault::InClear }), "{error:?}");
            assert!(error.told().zh.contains("sslmode=disable"));
        }
        // With these words it is tried; nobody listens there.
        let error = refused("host=127.0.0.1 port=1 password=geheim sslmode=disable user=ward");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(!format!("{error:?}{:?}", error.told()).contains("geheim"));
    }
}
