//! A controller by Modbus TCP: pymodbus.

use crate::{Room, port, told};

/// Tables of one unit, from register 0: holding, input, coils, discrete inputs.
const SERVER: &str = r"
import sys
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer

def block(values):
    return ModbusSequentialDataBlock(0, values)

unit = ModbusSlaveContext(
    hr=block([235, 65336, 1, 2, 0x41BC, 0, 0x7FC0, 0]), ir=block([481, 7]), co=block([1]), di=block([0, 1]),
    zero_mode=True)
StartTcpServer(context=ModbusServerContext(slaves={3: unit}, single=False), address=('127.0.0.1', int(sys.argv[1])))
";

fn device(port: u16, unit: u8) -> String {
    let read = |quantity: &str, rest: &str| {
        format!("[[device.read]]\nquantity = \"{quantity}\"\nunit = \"Cel\"\n{rest}\n")
    };
    [
        format!(
            "[[device]]\nid = \"AC-1\"\nroom = \"A\"\nprotocol = \"modbus\"\naddress = \"127.0.0.1:{port}\"\nunit_id = {unit}\nevery = 2\n"
        ),
        read("temperature", "register = 0\nscale = 0.1"),
        read("outside", "register = 1\ntype = \"i16\"\nscale = 0.1"),
        read("hours", "register = 2\ntype = \"u32\""),
        read("swapped", "register = 2\ntype = \"u32\"\norder = \"little\""),
        read("supply", "register = 4\ntype = \"f32\""),
        read("lost", "register = 6\ntype = \"f32\""),
        read("humidity", "register = 0\ntable = \"input\"\nscale = 0.1"),
        read("running", "register = 0\ntable = \"coil\""),
        read("door", "register = 1\ntable = \"discrete\""),
        read("nothing", "register = 5000"),
    ]
    .concat()
}

#[test]
fn registers_of_all_tables_are_read_and_what_is_none_is_told() {
    let (room, port) = (Room::new(), port());
    let script = room.write("server.py", SERVER);
    let server = room.start("/usr/bin/python3", &[&script, &port.to_string()]);
    let read = told(&room.read_soon(&device(port, 3)));
    let (last, rest) = read.split_last().unwrap();
    assert_eq!(
        rest,
        [
            "temperature 23.5 Cel",
            "outside -20 Cel",
            "hours 65538 Cel",
            "swapped 131073 Cel",
            "supply 23.5 Cel",
            "lost bad: NaN",
            "humidity 48.1 Cel",
            "running 1 Cel",
            "door 1 Cel",
        ]
    );
    assert!(last.starts_with("nothing bad: "), "{last}");
    // A unit that is not there gives nothing.
    match room.read(&device(port, 9)) {
        Err(_) => {}
        Ok(readings) => assert!(told(&readings).iter().all(|one| one.contains(" bad: ")), "{readings:?}"),
    }
    drop(server.kill().unwrap());
    assert!(room.read(&device(port, 3)).is_err());
}
