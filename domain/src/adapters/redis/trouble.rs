//! What Redis answers when it is there and does not do what is asked: each of them needs something else of whoever
//! runs it, and none of them is an absence.

use redis::{ErrorKind, RedisError};

use crate::adapters::outage::Outage;

/// Why Redis refuses, in words for operators. None: it is away, or says what nobody has foreseen.
pub fn refusal(error: &RedisError) -> Option<&'static str> {
    if error.kind() == ErrorKind::AuthenticationFailed {
        return Some("does not let us in: look at the user and the password in REDIS_URL");
    }
    let (code, said) = answered(error)?;
    Some(match code.as_str() {
        "NOAUTH" | "WRONGPASS" => "does not let us in: look at the user and the password in REDIS_URL",
        "NOPERM" => {
            "does not let this user do what is needed: LPUSH, LTRIM and BRPOP on its keys, PUBLISH and SUBSCRIBE on its channel, and PING"
        }
        "READONLY" => "is a replica, which takes no writes: REDIS_URL must name the primary",
        "MASTERDOWN" => "is a replica that has lost its primary",
        "LOADING" => "is still reading its data",
        "BUSY" => "is busy with a script",
        "OOM" => "has no memory left for writes: look at maxmemory and at what else it keeps",
        "MISCONF" | "NOREPLICAS" => "takes no writes until it can save or copy them",
        "DENIED" => "is in protected mode: it wants a password, or an address to listen on",
        "MOVED" | "ASK" | "TRYAGAIN" => "is a cluster that is moving our keys",
        "CLUSTERDOWN" => "is a cluster that is not whole",
        "CROSSSLOT" => {
            "is a cluster that keeps our keys apart, though they carry one hash tag: is there a proxy?"
        }
        _ if is_unknown_command(&said) => {
            "does not know a command that is needed: is there a proxy, or an old version? It must know LPUSH, LTRIM, BRPOP, PUBLISH and SUBSCRIBE"
        }
        _ => "refuses what is asked",
    })
}

/// The code of the first refusal and what follows it. None: nothing was answered.
fn answered(error: &RedisError) -> Option<(String, String)> {
    let refusals = error.clone().into_server_errors()?;
    let (_, first) = refusals.first()?;
    Some((
        first.code().to_owned(),
        first.details().unwrap_or_default().to_owned(),
    ))
}

fn is_unknown_command(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("unknown command") || said.contains("unsupported command")
}

/// Tells the log what it is, once each time that it begins.
pub fn tell(outage: &Outage, error: &RedisError) {
    match refusal(error) {
        Some(why) => outage.refused(why, error),
        None => outage.failed(error),
    }
}

/// Where a node of a cluster says that our keys are: host and port. The host may be empty, which is the node's own.
pub(super) fn moved_to(error: &RedisError) -> Option<(String, u16)> {
    let (code, said) = answered(error)?;
    if code != "MOVED" {
        return None;
    }
    // The slot, then the node.
    let (host, port) = said.split_whitespace().nth(1)?.rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
}
