//! `orgform sim` as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::binary::orgform;

/// A simulator that runs until it is dropped.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    url: String,
}

impl Simulator {
    /// Starts one of Pureport on a free port with these arguments.
    pub fn start(arguments: &[&str]) -> Self {
        Self::of("pureport", arguments)
    }

    /// Starts one of this kind of provider on a free port with these arguments.
    pub fn of(kind: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(orgform())
            .args(["sim", kind])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().split_once("endpoint: ").unwrap().1.to_owned();
        Self { child, url }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Requests and mails so far.
    pub fn stats(&self) -> Value {
        self.control("GET", "/__stats", "")
    }

    /// The requests so far.
    pub fn log(&self) -> Value {
        self.control("GET", "/__log", "")
    }

    /// Mails sent to one person.
    pub fn mails_to(&self, email: &str) -> u64 {
        self.stats()["mailsByRecipient"][email].as_u64().unwrap_or(0)
    }

    /// Requests to change something so far, as `POST /accounts/{accountId}/invites`.
    pub fn writes(&self) -> Vec<String> {
        let log = self.control("GET", "/__log", "");
        let writes = log.as_array().unwrap().iter().filter(|request| request["kind"] == "write");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        writes.map(|one| format!("{} {}", text(&one["method"]), text(&one["template"]))).collect()
    }

    /// Replaces the faults that it commits.
    pub fn set_faults(&self, faults: &Value) {
        self.control("PUT", "/__faults", &faults.to_string());
    }

    /// Lets somebody else do something, and returns what came of it.
    pub fn act(&self, act: &Value) -> Value {
        self.control("POST", "/__act", &act.to_string())
    }

    /// Comes back once so many requests to change something have arrived.
    pub fn wait_for_writes(&self, number: u64) {
        while self.stats()["writes"].as_u64().unwrap() < number {
            std::thread::yield_now();
        }
    }

    fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let address = self.url.strip_prefix("http://").unwrap();
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
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
