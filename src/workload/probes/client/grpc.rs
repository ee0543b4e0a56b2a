//! grpc_health_probe's command line: <https://github.com/grpc-ecosystem/grpc-health-probe>.

use std::time::Duration;

use super::{Asks, Call, Remark};
use crate::image::duration::GoDuration;
use crate::workload::probes::shell::Field;
use crate::workload::probes::url::Address;

/// What a command line asks for.
pub(super) fn read(arguments: &[Field]) -> Call {
    let mut call = Call::new("grpc_health_probe", Asks::Grpc(None));
    let (mut connect, mut answer) = (Duration::from_secs(1), Duration::from_secs(1));
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(option) = argument.text.strip_prefix("--").or_else(|| argument.text.strip_prefix('-')) else {
            call.obstacle("it has an argument that is no option");
            continue;
        };
        let (name, attached) = option.split_once('=').map_or((option, None), |(n, v)| (n, Some(v)));
        let mut value = || match attached {
            Some(text) => Some(Field { text: text.to_owned(), from: argument.from.clone() }),
            None => rest.next().cloned(),
        };
        match name {
            "addr" => value().iter().for_each(|field| address(field, &mut call)),
            "service" => {
                let service = value().map(|f| f.text).filter(|s| !s.is_empty());
                call.asks = Asks::Grpc(service);
            }
            "connect-timeout" => time(value(), &mut connect, &mut call),
            "rpc-timeout" => time(value(), &mut answer, &mut call),
            "v" | "version" => {}
            _ if name.starts_with("tls") || name == "spiffe" => {
                call.obstacle("it asks over TLS, and a kubelet's gRPC probe does not");
            }
            _ => call.obstacle(format!("what its -{name} does to it is not known")),
        }
    }
    if call.addresses.is_empty() && call.obstacles.is_empty() {
        call.obstacle("it is given no address");
        call.remarks.push(Remark::Fails("it is given no address"));
    }
    call.limit = Some(connect.saturating_add(answer));
    call
}

/// `localhost:50051`, or `:50051` for the same.
fn address(field: &Field, call: &mut Call) {
    let pair = field.text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match pair {
        Some((host, port)) if port > 0 => {
            let host = if host.is_empty() { "localhost" } else { host.trim_matches(['[', ']']) };
            call.addresses.push(Address { from: field.from.clone(), ..Address::pair(host, port) });
        }
        _ => call.obstacle("its address is not a host and a port"),
    }
}

fn time(field: Option<Field>, time: &mut Duration, call: &mut Call) {
    match field.and_then(|f| f.text.parse::<GoDuration>().ok()) {
        Some(duration) => *time = duration.0,
        None => call.obstacle("its time is no duration"),
    }
}
