//! Prism as a proxy that judges every request and every answer by the description.
//!
//! It lets a violation pass and logs it, so that a story goes on and all of its violations are told, not the
//! first one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::installed;

/// A path that no description has: Prism must object to it.
const NOWHERE: &str = "/what-nobody-described";
const OBJECTION: &str = "Selected route not found";
const PATIENCE: Duration = Duration::from_secs(60);

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Prism {
    child: Child,
    url: String,
    lines: Receiver<String>,
}

/// What it saw.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// How many requests came through.
    pub(crate) requests: usize,
    /// What broke the description, and requests that ended without an answer.
    pub(crate) violations: Vec<String>,
    /// The whole log.
    pub(crate) log: String,
}

impl Prism {
    /// Starts one on a free port before the server at `upstream`.
    pub(crate) fn before(upstream: &str, description: &Path) -> Self {
        let program = installed().join("node_modules/.bin/prism");
        let mut child = Command::new(&program)
            .arg("proxy")
            .arg(description)
            .args([upstream, "--port", "0", "--errors", "false"])
            .env("NO_COLOR", "1")
            .env("FORCE_COLOR", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", program.display()));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // Nobody listens any more once there is a verdict.
            let _ = stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        let mut prism = Self { child, url: String::new(), lines };
        prism.url = loop {
            let line = prism.line();
            if let Some((_, url)) = line.split_once("Prism is listening on ") {
                break url.trim().to_owned();
            }
        };
        prism
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it saw until now. A last request breaks the description on purpose: its objection comes after all
    /// others in the log, and shows that Prism was awake.
    pub(crate) fn verdict(self) -> Verdict {
        request(&self.url, "GET", NOWHERE, "");
        let mut log = Vec::new();
        loop {
            let line = self.line();
            let last = line.contains(OBJECTION) && log.iter().any(|line: &String| line.contains(NOWHERE));
            log.push(line);
            if last {
                break;
            }
        }
        let told = log.iter().take_while(|line| !line.contains(NOWHERE));
        let requests = told.clone().filter(|line| line.contains("Request received")).count();
        let is_violation =
            |line: &&String| line.contains("Violation: ") || line.contains("terminated with error");
        let violations = log[..log.len() - 1].iter().filter(is_violation).cloned().collect();
        Verdict { requests, violations, log: log.join("\n") }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("Prism says nothing")
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one request and returns what came back, head and body.
pub(crate) fn request(url: &str, method: &str, path: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
