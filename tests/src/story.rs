//! A folder, commands in it, and the transcript of both streams and the exit code.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

use crate::binary::orgform;

/// One story: a folder of its own, and what happened in it.
#[derive(Debug)]
pub struct Story {
    folder: TempDir,
    environment: Vec<(String, String)>,
    transcript: String,
}

/// What one command said.
#[derive(Debug)]
pub struct Ran {
    /// What was asked for.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
}

/// A command that runs beside the story.
#[derive(Debug)]
pub struct Running(Child);

impl Story {
    /// A story in an empty folder.
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), environment: Vec::new(), transcript: String::new() }
    }

    /// A story in a copy of `examples/acme`.
    pub fn acme() -> Self {
        Self::example("acme")
    }

    /// A story in a copy of a folder of `examples`.
    pub fn example(name: &str) -> Self {
        let story = Self::new();
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        copy(&examples.join(name), story.folder.path());
        story
    }

    /// A story in a copy of `examples/acme` that speaks to a simulator of another process.
    pub fn acme_at(url: &str) -> Self {
        let mut story = Self::acme();
        story.replace(
            "provider.yaml",
            "    simulator: { rootAccount: Acme }\n",
            &format!(
                "    endpoint: {url}\n    credentials:\n      key: {{ env: PUREPORT_API_KEY }}\n      \
                 secret: {{ env: PUREPORT_API_SECRET }}\n"
            ),
        );
        story.set("PUREPORT_API_KEY", "simAdminKey0000000000A");
        story.set("PUREPORT_API_SECRET", "sim-admin-secret-not-for-production-use");
        story
    }

    /// A story in a copy of `examples/packetfabric` that speaks to a simulator of another process.
    pub fn packetfabric_at(url: &str) -> Self {
        let mut story = Self::example("packetfabric");
        story.replace(
            "provider.yaml",
            "    simulator: { rootAccount: Acme }\n",
            &format!("    endpoint: {url}\n    credentials: {{ apiKey: {{ env: PF_TOKEN }} }}\n"),
        );
        story.set("PF_TOKEN", "sim-packetfabric-admin-key-not-for-production");
        story.set("WALLBOARD_PASSWORD", "a password of nobody");
        story
    }

    /// A story in a copy of `examples/xarios` that speaks to a simulator of another process.
    pub fn xarios_at(url: &str) -> Self {
        let mut story = Self::example("xarios");
        story.replace(
            "provider.yaml",
            "    simulator: { rootAccount: Acme }\n",
            &format!(
                "    endpoint: {url}\n    credentials:\n      clientId: {{ env: XARIOS_CLIENT_ID }}\n      clientSecret: \
                 {{ env: XARIOS_CLIENT_SECRET }}\n      refreshToken: {{ env: XARIOS_REFRESH_TOKEN }}\n"
            ),
        );
        story.set("XARIOS_CLIENT_ID", "sim-orgform-client");
        story.set("XARIOS_CLIENT_SECRET", "sim-orgform-client-secret-not-for-production");
        story.set("XARIOS_REFRESH_TOKEN", "sim-first-refresh-token-of-an-admin");
        story
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets an environment variable for what comes.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Writes a file.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap()
    }

    /// Takes a file away.
    pub fn remove(&self, file: &str) {
        std::fs::remove_file(self.path().join(file)).unwrap();
    }

    /// Edits a file: a text that must be in it becomes another.
    pub fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        self.write(file, &text.replace(from, to));
    }

    /// Takes the document of this `metadata.name` out of a file.
    pub fn without(&self, file: &str, name: &str) {
        let text = self.read(file);
        let marker = format!("name: {name} }}\nspec");
        let kept: Vec<&str> = text.split("---\n").filter(|document| !document.contains(&marker)).collect();
        assert!(kept.len() < text.split("---\n").count(), "{file} declares no {name}");
        self.write(file, &kept.join("---\n"));
    }

    /// Runs `orgform` with these arguments, and writes down what it said.
    pub fn run(&mut self, arguments: &str) -> Ran {
        let ran = Ran::of(self.command(arguments).stdin(Stdio::null()).output().unwrap());
        writeln!(self.transcript, "$ orgform {arguments}").unwrap();
        self.transcript.push_str(&ran.stdout);
        for line in ran.stderr.lines() {
            writeln!(self.transcript, "{}", format!("| {line}").trim_end()).unwrap();
        }
        match ran.code {
            Some(0) => self.transcript.push('\n'),
            Some(code) => writeln!(self.transcript, "=> {code}\n").unwrap(),
            None => self.transcript.push_str("=> killed\n\n"),
        }
        ran
    }

    /// Runs `orgform` without writing it down; it must succeed.
    pub fn done(&self, arguments: &str) -> Ran {
        self.done_with(arguments, 0)
    }

    /// Runs `orgform` without writing it down; it must end with this code.
    pub fn done_with(&self, arguments: &str, code: i32) -> Ran {
        let ran = Ran::of(self.command(arguments).stdin(Stdio::null()).output().unwrap());
        assert_eq!(ran.code, Some(code), "orgform {arguments}: {}{}", ran.stdout, ran.stderr);
        ran
    }

    /// Runs `orgform` without writing it down, after something that a shell does first.
    pub fn after(&self, first: &str, arguments: &str) -> Ran {
        let command = self.command("");
        let line = format!("{first}; exec {} {arguments}", orgform().display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(self.path()).stdin(Stdio::null());
        shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Ran::of(shell.output().unwrap())
    }

    /// Runs `orgform` at a terminal, where this is typed; both streams come as one.
    pub fn at_terminal(&self, arguments: &str, typed: &str) -> Ran {
        self.at_terminal_of(80, arguments, typed)
    }

    /// Runs `orgform` at a terminal with so many columns, where this is typed; both streams come as one.
    pub fn at_terminal_of(&self, columns: u16, arguments: &str, typed: &str) -> Ran {
        let command = self.command("");
        let line = format!("stty rows 40 cols {columns}; exec {} {arguments}", orgform().display());
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(self.path());
        script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Starts `orgform` and lets it run.
    pub fn start(&self, arguments: &str) -> Running {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// Runs another program in the folder; it must succeed.
    pub fn program<A: AsRef<OsStr>>(&self, name: &str, arguments: impl IntoIterator<Item = A>) -> String {
        let output = Command::new(name).args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same folder, with a transcript that begins here.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { transcript: String::new(), ..self }
    }

    /// Writes a remark into the transcript.
    pub fn remark(&mut self, text: &str) {
        writeln!(self.transcript, "# {text}").unwrap();
    }

    /// Compares everything that was typed and said with `transcripts/NAME.snap`; `|` marks stderr, `=>` an exit
    /// code other than 0.
    pub fn assert_is(&self, name: &str) {
        let real = self.path().canonicalize().unwrap();
        let text = self
            .transcript
            .replace(&*real.to_string_lossy(), "FOLDER")
            .replace(&*self.path().to_string_lossy(), "FOLDER");
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path("../transcripts");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for (pattern, replacement) in filters() {
            settings.add_filter(pattern, replacement);
        }
        settings.bind(|| insta::assert_snapshot!(name, text.trim_end()));
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(orgform());
        command.args(words(arguments)).current_dir(self.path()).env_clear();
        for kept in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.env("USER", "tester").envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Default for Story {
    fn default() -> Self {
        Self::new()
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        Self {
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
            code: code(status),
        }
    }

    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl Running {
    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Ends it with no chance to tidy up.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn end(self) -> Ran {
        Ran::of(self.0.wait_with_output().unwrap())
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

/// What differs from run to run and says nothing: measured times, ids of roots and processes, ports.
fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        // A short time is not shown at all.
        (r" \((\d+\.\d|\d+) s\)", ""),
        (r"\b(ac|role|user|invite)-[A-Za-z0-9_-]{22}", "$1-xxxxxxxxxxxxxxxxxxxxxx"),
        (r"\bkey [A-Za-z0-9_-]{22},", "key xxxxxxxxxxxxxxxxxxxxxx,"),
        (r"  [A-Za-z0-9_-]{22}( +)secret put", "  xxxxxxxxxxxxxxxxxxxxxx${1}secret put"),
        // Which of two calls of a plan comes first decides who gets which.
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"tester on \S+, process \d+", "tester on HOST, process PID"),
        (r"since \d{4}-\d\d-\d\dT[\d:.]+Z", "since TIME"),
        (r"\(\d[\d,]* days?\)", "(… days)"),
        (r"Made on .* until .*", "Made on DAY, good until DAY."),
        (r"\d+ [A-Z][a-z]+ \d{4} \d\d:\d\d UTC", "TIME"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", "TIME"),
        (r"removed on \d{4}-\d\d-\d\d", "removed on YYYY-MM-DD"),
        (r"log since \d+ [A-Z][a-z]+ \d{4}", "log since DAY"),
    ]
}

/// Splits a command line at spaces; single quotes keep a text together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

fn code(status: ExitStatus) -> Option<i32> {
    status.code()
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        // What somebody who tried the example left there is none of the example.
        if name == ".orgform" {
            continue;
        }
        let target: PathBuf = to.join(name);
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
