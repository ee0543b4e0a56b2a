//! A program that opens a connection, and bash's own way to.

use super::{Asks, Call, Remark, seconds};
use crate::workload::probes::shell::Field;
use crate::workload::probes::url::Address;

/// `nc -z HOST PORT`
pub(super) fn nc(name: &str, arguments: &[Field]) -> Call {
    let mut call = Call::new("nc -z", Asks::Connect);
    let (mut scans, mut tail) = (false, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(letters) = argument.text.strip_prefix('-').filter(|l| !l.is_empty()) else {
            tail.push(argument);
            continue;
        };
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            match letter {
                'z' => scans = true,
                'v' | 'n' | '4' => {}
                'w' => {
                    let attached: String = letters.by_ref().collect();
                    let value = if attached.is_empty() { rest.next().map(|f| f.text.clone()) } else { Some(attached) };
                    match value.as_deref().and_then(seconds) {
                        Some(limit) => call.limit = Some(limit),
                        None => call.obstacle("its time is no number"),
                    }
                }
                'u' => call.obstacle("it asks over UDP"),
                _ => call.obstacle(format!("what {name}'s -{letter} does to it is not known")),
            }
        }
    }
    if !scans {
        call.obstacle(format!("{name} without -z waits for data"));
    }
    match tail.as_slice() {
        [host, port] => match port.text.parse::<u16>() {
            Ok(number) if number > 0 && !host.text.is_empty() => {
                let from = host.from.iter().chain(&port.from).cloned().collect();
                call.addresses.push(Address { from, ..Address::pair(&host.text, number) });
            }
            _ => call.obstacle("its port is no number"),
        },
        [_] | [] => {
            call.obstacle("it is given no port");
            call.remarks.push(Remark::Fails("it is given no port"));
        }
        _ => call.obstacle("it asks more than one port"),
    }
    call
}

/// bash's `/dev/tcp/HOST/PORT`.
pub(in crate::workload::probes) fn dev_tcp(target: &Field) -> Option<Call> {
    let (host, port) = target.text.strip_prefix("/dev/tcp/")?.split_once('/')?;
    let mut call = Call::new("bash's /dev/tcp", Asks::Connect);
    match port.parse::<u16>() {
        Ok(port) if port > 0 && !host.is_empty() => {
            call.addresses.push(Address { from: target.from.clone(), ..Address::pair(host, port) });
        }
        _ => call.obstacle("its port is no number"),
    }
    Some(call)
}
