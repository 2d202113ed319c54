//! A crowd that asks for nothing holds every connection that the program may have: whoever asks is answered, and
//! the end comes in time.

use std::{process::Command, time::Duration};

use tests::drill::{
    fleet::folder,
    program::{Program, environment, lasting_port},
    until,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_mins(1);
/// What the program promises.
const GRACE: Duration = Duration::from_secs(11);
const CROWD: usize = 300;

/// Leaves the program room for so many files more than it has open.
fn cramp(program: &Program, more: usize) {
    let pid = program.pid();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("a process")
        .count();
    let most = open + more;
    let status = Command::new("prlimit")
        .args([&format!("--pid={pid}"), &format!("--nofile={most}:{most}")])
        .status();
    assert!(status.expect("prlimit runs").success());
}

async fn healthy(url: &str) -> bool {
    let answer = reqwest::get(format!("{url}/healthz")).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

async fn begin(address: &str, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // It may have been sent away by the time that it speaks.
    let _ = stream.write_all(request.as_bytes()).await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_keeps_nobody_out_and_nothing_alive() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = folder();
    let address = format!("127.0.0.1:{}", lasting_port());
    let settings = environment([("POSTVENTA_BIND", &address), ("POSTVENTA_LOG", "warn")]);
    let mut program = Program::start("crowded", &[], &settings, folder.path());
    let url = format!("http://{address}");
    until("it answers", PATIENCE, async || healthy(&url).await).await;
    // Below what it has found at its start: accepting fails, as when other programs have taken everything.
    cramp(&program, 40);
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(begin(&address, "GET /healthz HTTP/1.1\r\nhost: x\r\n").await);
    }
    for _ in 0..5 {
        assert!(healthy(&url).await, "whoever asks is answered");
    }
    assert!(
        program.log().contains("could not be accepted"),
        "there was no room for all of them: {}",
        program.log()
    );
    let body = "POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{";
    let mut stalled = begin(&address, body).await;
    assert!(healthy(&url).await);
    program.signal("TERM");
    assert_eq!(program.ended_within(GRACE).await, Some(0), "{}", program.log());
    let mut rest = Vec::new();
    let _ = stalled.read_to_end(&mut rest).await;
}
