//! Figures by Modbus TCP.
//!
//! Source: MODBUS Application Protocol Specification V1.1b3 §6.1–6.4, §7.

use crate::device::Endpoint;
use crate::value::{Given, Reading, Wanted};
use tokio::net::TcpStream;
use tokio_modbus::client::{Context, Reader as _, tcp};
use tokio_modbus::{Result, Slave};

/// Where servers listen.
pub(crate) const PORT: u16 = 502;

/// A server and what is asked of it.
pub(crate) struct Modbus {
    pub(crate) endpoint: Endpoint,
    pub(crate) unit: u8,
    pub(crate) reads: Vec<(Wanted, Place)>,
}

/// Where a figure stands.
pub(crate) struct Place {
    pub(crate) address: u16,
    pub(crate) table: Table,
    pub(crate) kind: Kind,
    /// The word of less weight stands first.
    pub(crate) little: bool,
}

/// The four tables.
#[derive(Clone, Copy)]
pub(crate) enum Table {
    Holding,
    Input,
    Coil,
    Discrete,
}

/// As what registers are read.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    U16,
    I16,
    U32,
    I32,
    F32,
}

/// A connection that stands.
#[derive(Default)]
pub(crate) struct Session(Option<Context>);

impl Kind {
    pub(crate) const fn words(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::U32 | Self::I32 | Self::F32 => 2,
        }
    }

    fn number(self, words: &[u16], little: bool) -> Option<f64> {
        let (high, low) = match (words, little) {
            ([one], _) => (0, *one),
            ([high, low], false) | ([low, high], true) => (*high, *low),
            _ => return None,
        };
        let both = u32::from(high) << 16 | u32::from(low);
        Some(match self {
            Self::U16 => f64::from(low),
            Self::I16 => f64::from(low.cast_signed()),
            Self::U32 => f64::from(both),
            Self::I32 => f64::from(both.cast_signed()),
            Self::F32 => f64::from(f32::from_bits(both)),
        })
    }
}

impl Modbus {
    pub(crate) async fn read(&self, session: &mut Session) -> std::result::Result<Vec<Reading>, String> {
        // A connection that failed is not used again.
        let mut context = match session.0.take() {
            Some(context) => context,
            None => {
                let stream = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await;
                tcp::attach_slave(stream.map_err(|error| error.to_string())?, Slave(self.unit))
            }
        };
        let mut readings = Vec::with_capacity(self.reads.len());
        for (wanted, place) in &self.reads {
            let given = place.ask(&mut context).await.map_err(|error| error.to_string())?;
            readings.push(
                wanted.reading(given.unwrap_or_else(|exception| Given::Nothing(exception.to_string()))),
            );
        }
        session.0 = Some(context);
        Ok(readings)
    }
}

impl Place {
    async fn ask(&self, context: &mut Context) -> Result<Given> {
        let words = self.kind.words();
        let short = || Given::Nothing("too few registers".to_owned());
        let number =
            |words: Vec<u16>| self.kind.number(&words, self.little).map_or_else(short, Given::Number);
        let bit =
            |bits: Vec<bool>| bits.first().map_or_else(short, |bit| Given::Number(f64::from(u8::from(*bit))));
        Ok(match self.table {
            Table::Holding => context.read_holding_registers(self.address, words).await?.map(number),
            Table::Input => context.read_input_registers(self.address, words).await?.map(number),
            Table::Coil => context.read_coils(self.address, 1).await?.map(bit),
            Table::Discrete => context.read_discrete_inputs(self.address, 1).await?.map(bit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_read_as_their_kind_says() {
        assert_eq!(Kind::U16.number(&[0xffff], false), Some(65_535.0));
        assert_eq!(Kind::I16.number(&[0xff38], false), Some(-200.0));
        assert_eq!(Kind::U32.number(&[1, 2], false), Some(65_538.0));
        assert_eq!(Kind::U32.number(&[2, 1], true), Some(65_538.0));
        assert_eq!(Kind::I32.number(&[0xffff, 0xfffe], false), Some(-2.0));
        assert_eq!(Kind::F32.number(&[0x41bc, 0], false), Some(23.5));
        assert!(Kind::F32.number(&[0x7fc0, 0], false).is_some_and(f64::is_nan));
        assert_eq!(Kind::F32.number(&[], false), None);
    }
}
