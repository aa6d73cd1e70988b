//! Fields: what a line says, each by its place in the line.
//!
//! Names are Sigma's where it has them. The nine fields of clause 27.1.2 follow from them.

use std::fmt;

/// A place in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    from: u32,
    to: u32,
}

/// A value that a line gives, in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// What it is; none where its name stands for nothing that Ward asks for.
    pub field: Option<Field>,
    /// Where the name stands that the device gave it; empty where it gave none. Of JSON it is the innermost.
    pub name: Span,
    /// Where it stands, without quotes; what is escaped in it stays so.
    pub place: Span,
}

/// Which of the nine fields of clause 27.1.2 a line gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nine {
    /// Source address.
    pub src_ip: bool,
    /// Destination address.
    pub dst_ip: bool,
    /// Source port.
    pub src_port: bool,
    /// Destination port.
    pub dst_port: bool,
    /// Protocol.
    pub proto: bool,
    /// Time of log-on, or of the session's beginning.
    pub begins: bool,
    /// Time of log-off, or of the session's end.
    pub ends: bool,
    /// Time of the access.
    pub time: bool,
    /// What was done.
    pub action: bool,
}

impl Span {
    /// From one place up to, but not including, another.
    #[must_use]
    #[inline]
    pub const fn of(from: usize, to: usize) -> Self {
        // What is read of a line is below 4 GiB (`Reader::read`).
        Self { from: from as u32, to: if to < from { from as u32 } else { to as u32 } }
    }

    /// The bytes at this place.
    #[must_use]
    #[inline]
    pub fn within(self, line: &[u8]) -> &[u8] {
        line.get(self.start()..self.end()).unwrap_or_default()
    }

    /// Its first byte.
    #[must_use]
    #[inline]
    pub const fn start(self) -> usize {
        self.from as usize
    }

    /// One past its last byte.
    #[must_use]
    #[inline]
    pub const fn end(self) -> usize {
        self.to as usize
    }

    /// How many bytes it has.
    #[must_use]
    #[inline]
    pub const fn length(self) -> usize {
        (self.to - self.from) as usize
    }

    /// Has it no byte?
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.to == self.from
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        /// What a line may say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field {
            $($(#[$doc])* $field,)*
        }

        impl Field {
            /// All of them, in the order of their numbers.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$field),*];

            /// Its name in tables, filters and queries.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name,)*
                }
            }
        }
    };
}

fields! {
    /// Source address: of whoever asked.
    SrcIp = "src_ip",
    /// Destination address.
    DstIp = "dst_ip",
    /// Source port.
    SrcPort = "src_port",
    /// Destination port.
    DstPort = "dst_port",
    /// Protocol, by name or number.
    Proto = "proto",
    /// What was done: accept, deny, login, as the device calls it.
    Action = "action",
    /// The account.
    User = "user",
    /// When the device says that it happened.
    Time = "time",
    /// When the session began.
    SessionStart = "session_start",
    /// When the session ended.
    SessionEnd = "session_end",
    /// How long it lasted.
    Duration = "duration",
    /// The session's own number or name.
    Session = "session",
    /// The rule or policy that decided.
    Rule = "rule",
    /// Bytes to the destination.
    BytesSent = "bytes_sent",
    /// Bytes from the destination.
    BytesReceived = "bytes_received",
    /// Bytes both ways, where the device tells no more.
    Bytes = "bytes",
    /// Service or application that was used.
    Service = "service",
    /// What was asked for.
    Url = "url",
    /// What happened, in words.
    Message = "message",
    /// The number or name that the device gives to messages of this kind.
    Event = "event",
    /// The device, by the name it gives itself.
    Device = "device",
    /// The host of the head.
    Host = "host",
    /// The program of the head.
    App = "app",
    /// The process of the head.
    Process = "process",
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Nine {
    /// The nine, in the order in which the clause names them, with their names in tables.
    #[must_use]
    pub const fn all(self) -> [(&'static str, bool); 9] {
        [
            ("src_ip", self.src_ip),
            ("dst_ip", self.dst_ip),
            ("src_port", self.src_port),
            ("dst_port", self.dst_port),
            ("proto", self.proto),
            ("begins", self.begins),
            ("ends", self.ends),
            ("time", self.time),
            ("action", self.action),
        ]
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> usize {
        self.all().into_iter().filter(|one| one.1).count()
    }
}
