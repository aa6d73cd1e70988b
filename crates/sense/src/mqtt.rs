//! Figures that devices publish by MQTT 3.1.1: of each topic the newest of each round.
//!
//! A message that the broker had kept from before is none: nobody knows how old it is. Who sends more than [`FLOOD`]
//! messages within a round is cut off until the next one.
//! Source: OASIS MQTT Version 3.1.1 §3.3.1.3 (retained messages).

use crate::device::{Endpoint, Secret};
use crate::tls::Tls;
use crate::value::{Given, Reading, Wanted};
use rumqttc::{
    AsyncClient, Event, EventLoop, Incoming, MqttOptions, QoS, SubscribeReasonCode, TlsConfiguration,
    Transport,
};
use std::time::Duration;

/// Where brokers listen, and where they do within TLS.
pub(crate) const PORT: u16 = 1883;
pub(crate) const PORT_TLS: u16 = 8883;
/// Messages of a round.
const FLOOD: usize = 10_000;
/// Bytes of a message.
const LARGEST: usize = 64 << 10;
/// A broker hears of us so often at least.
const ALIVE: Duration = Duration::from_secs(30);

/// A broker and what is taken from it.
pub(crate) struct Mqtt {
    pub(crate) endpoint: Endpoint,
    pub(crate) client: String,
    pub(crate) user: Option<(String, Secret)>,
    pub(crate) tls: Option<Tls>,
    pub(crate) reads: Vec<(Wanted, Topic)>,
}

/// Where a figure is published.
pub(crate) struct Topic {
    pub(crate) name: String,
    /// Where it stands in the message, if that is JSON; empty: it is the message.
    pub(crate) pointer: String,
}

/// A connection that stands.
#[derive(Default)]
pub(crate) struct Session(Option<(AsyncClient, EventLoop)>);

/// How long a round listens.
#[derive(Clone, Copy)]
pub(crate) enum Round {
    /// So long.
    For(Duration),
    /// Until there is a message of every topic, so long at most.
    Once(Duration),
}

impl Mqtt {
    pub(crate) async fn read(&self, session: &mut Session, round: Round) -> Result<Vec<Reading>, String> {
        let (client, mut events) = session.0.take().unwrap_or_else(|| self.connect());
        let mut newest: Vec<Option<Given>> = self.reads.iter().map(|_| None).collect();
        let (Round::For(span) | Round::Once(span)) = round;
        let end = tokio::time::Instant::now() + span;
        let (mut messages, mut whole) = (0, true);
        while let Ok(event) = tokio::time::timeout_at(end, events.poll()).await {
            match event.map_err(|error| error.to_string())? {
                Event::Incoming(Incoming::ConnAck(_)) => {
                    for (_, topic) in &self.reads {
                        client
                            .try_subscribe(&topic.name, QoS::AtMostOnce)
                            .map_err(|error| error.to_string())?;
                    }
                }
                Event::Incoming(Incoming::SubAck(answer))
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) =>
                {
                    return Err("the broker refuses a topic".to_owned());
                }
                Event::Incoming(Incoming::Publish(message)) if !message.retain => {
                    messages += 1;
                    for ((_, topic), newest) in self.reads.iter().zip(&mut newest) {
                        if topic.name == message.topic {
                            *newest = Some(topic.given(&message.payload));
                        }
                    }
                }
                _ => {}
            }
            whole = messages < FLOOD;
            if !whole || matches!(round, Round::Once(_)) && newest.iter().all(Option::is_some) {
                break;
            }
        }
        if newest.iter().all(Option::is_none) {
            return Err(format!("no message within {} s", span.as_secs()));
        }
        let nothing = || Given::Nothing(format!("no message within {} s", span.as_secs()));
        let readings = self.reads.iter().zip(newest);
        let readings =
            readings.map(|((wanted, _), given)| wanted.reading(given.unwrap_or_else(nothing))).collect();
        if whole {
            session.0 = Some((client, events));
        } else {
            // The rest of the round passes without it.
            drop((client, events));
            tokio::time::sleep_until(end).await;
        }
        Ok(readings)
    }

    fn connect(&self) -> (AsyncClient, EventLoop) {
        let mut options = MqttOptions::new(&self.client, &self.endpoint.host, self.endpoint.port);
        options.set_keep_alive(ALIVE).set_max_packet_size(LARGEST, LARGEST);
        if let Some((user, password)) = &self.user {
            options.set_credentials(user, password.told());
        }
        if let Some(tls) = &self.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.config())));
        }
        AsyncClient::new(options, crate::device::MOST_READS + 1)
    }
}

impl Topic {
    fn given(&self, message: &[u8]) -> Given {
        let Ok(text) = std::str::from_utf8(message) else {
            return Given::Nothing("the message is no text".to_owned());
        };
        if self.pointer.is_empty() {
            return Given::Text(text.to_owned());
        }
        let value = serde_json::from_str::<serde_json::Value>(text).ok();
        match value.as_ref().and_then(|value| value.pointer(&self.pointer)) {
            Some(serde_json::Value::String(text)) => Given::Text(text.clone()),
            Some(value) => match value.as_f64() {
                Some(number) => Given::Number(number),
                None => Given::Nothing(format!("no number: {value}")),
            },
            None => Given::Nothing(format!("nothing at {}", self.pointer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Figure;

    #[test]
    fn a_figure_is_the_message_or_stands_in_its_json() {
        let wanted = Wanted { quantity: "t".into(), unit: "Cel".into(), scale: 1.0, word: None };
        let of = |pointer: &str, message: &[u8]| {
            wanted.reading(Topic { name: "t".into(), pointer: pointer.into() }.given(message)).figure
        };
        let json = br#"{"air":{"t":23.5,"h":"61"},"n":null}"#;
        assert_eq!(of("", b"23.5"), Figure::Value(23.5));
        assert_eq!(of("/air/t", json), Figure::Value(23.5));
        assert_eq!(of("/air/h", json), Figure::Value(61.0));
        for (pointer, message) in [
            ("", b"\xff".as_slice()),
            ("", b"on"),
            ("/n", json),
            ("/air", json),
            ("/x", json),
            ("/air/t", b"23"),
        ] {
            assert!(matches!(of(pointer, message), Figure::Bad(_)), "{pointer}");
        }
    }
}
