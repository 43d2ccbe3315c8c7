//! What the state needs of Git, through the `git` binary: objects and refs only.
//!
//! Nothing here touches the work tree, the index or `HEAD`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::StateError;

/// A repository and one branch of it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// Any folder in the repository.
    pub(super) folder: PathBuf,
    /// The branch's name.
    pub(super) name: String,
    /// The remote that has the branch; none if it is of this repository only.
    pub(super) remote: Option<String>,
}

/// One commit's files: name and blob.
pub(super) type Files = Vec<(String, String)>;

impl Branch {
    /// What it is, for messages.
    pub(super) fn place(&self) -> String {
        match &self.remote {
            Some(remote) => format!("branch {} of {remote}", self.name),
            None => format!("branch {} of {}", self.name, self.folder.display()),
        }
    }

    /// The branch's newest commit, after asking the remote if there is one.
    pub(super) fn tip(&self) -> Result<Option<String>, StateError> {
        let Some(remote) = &self.remote else { return self.resolve(&self.full_name()) };
        let listed = self.run(&["ls-remote", remote, &self.full_name()])?;
        if listed.is_empty() {
            return Ok(None);
        }
        let fetch = format!("+{}:{}", self.full_name(), self.seen_name(remote));
        self.run(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, &fetch])?;
        self.resolve(&self.seen_name(remote))
    }

    /// A file of a commit, and its blob's name; none if it isn't there.
    pub(super) fn file(&self, commit: &str, name: &str) -> Result<Option<(String, Vec<u8>)>, StateError> {
        let Some((_, blob)) = self.files(commit)?.into_iter().find(|(file, _)| file == name) else {
            return Ok(None);
        };
        let bytes = self.bytes(&["cat-file", "blob", &blob], &[])?;
        Ok(Some((blob, bytes)))
    }

    /// All files of a commit.
    pub(super) fn files(&self, commit: &str) -> Result<Files, StateError> {
        let listed = self.run(&["ls-tree", "--full-tree", "-z", commit])?;
        Ok(listed
            .split('\0')
            .filter_map(|line| {
                let (kind, name) = line.split_once('\t')?;
                Some((name.to_owned(), kind.split(' ').nth(2)?.to_owned()))
            })
            .collect())
    }

    /// Stores bytes and tells their blob's name.
    pub(super) fn blob(&self, bytes: &[u8]) -> Result<String, StateError> {
        let out = self.bytes(&["hash-object", "-w", "--stdin"], bytes)?;
        Ok(String::from_utf8_lossy(&out).trim().to_owned())
    }

    /// Makes a commit of these files.
    pub(super) fn commit(
        &self,
        parent: Option<&str>,
        files: &Files,
        message: &str,
    ) -> Result<String, StateError> {
        let tree: String = files.iter().map(|(name, blob)| format!("100644 blob {blob}\t{name}\0")).collect();
        let out = self.bytes(&["mktree", "-z"], tree.as_bytes())?;
        let tree = String::from_utf8_lossy(&out).trim().to_owned();
        let mut args = vec!["commit-tree", "-m", message];
        if let Some(parent) = parent {
            args.extend(["-p", parent]);
        }
        args.push(&tree);
        self.run(&args)
    }

    /// Moves the branch, if it still is where it was; says whether it did.
    pub(super) fn advance(&self, from: Option<&str>, to: &str) -> Result<bool, StateError> {
        let moved = match &self.remote {
            None => self.start(&["update-ref", &self.full_name(), to, from.unwrap_or_default()], &[])?,
            Some(remote) => {
                let expect = format!("--force-with-lease={}:{}", self.full_name(), from.unwrap_or_default());
                let push = format!("{to}:{}", self.full_name());
                self.start(&["push", "--quiet", "--no-verify", &expect, remote, &push], &[])?
            }
        };
        if moved.status.success() {
            if let Some(remote) = &self.remote {
                self.run(&["update-ref", &self.seen_name(remote), to])?;
            }
            return Ok(true);
        }
        if self.tip()?.as_deref() == from {
            // Nobody else moved it, so it is not a race.
            return Err(self.said("move the branch", &moved));
        }
        Ok(false)
    }

    fn full_name(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    /// Where the remote's branch is kept here: apart from the user's own remote branches.
    fn seen_name(&self, remote: &str) -> String {
        let remote: String =
            remote.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("refs/orgform/{remote}/{}", self.name)
    }

    fn resolve(&self, name: &str) -> Result<Option<String>, StateError> {
        let commit = format!("{name}^{{commit}}");
        let out = self.start(&["rev-parse", "--verify", "--quiet", &commit], &[])?;
        match out.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&out.stdout).trim().to_owned())),
            Some(1) => Ok(None),
            _ => Err(self.said("read the branch", &out)),
        }
    }

    fn run(&self, args: &[&str]) -> Result<String, StateError> {
        let out = self.bytes(args, &[])?;
        Ok(String::from_utf8_lossy(&out).trim_end_matches(['\n', '\0']).to_owned())
    }

    fn bytes(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, StateError> {
        let out = self.start(args, input)?;
        if !out.status.success() {
            return Err(self.said("use Git for the state", &out));
        }
        Ok(out.stdout)
    }

    fn start(&self, args: &[&str], input: &[u8]) -> Result<Output, StateError> {
        let cannot = |error: std::io::Error| StateError::unusable("start git", self.place(), error);
        let mut child = Command::new("git")
            .arg("-C")
            .arg(&self.folder)
            .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .args(args)
            // A hook that calls us sets these for a repository that need not be ours.
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_OBJECT_DIRECTORY")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .envs([("GIT_AUTHOR_NAME", "orgform"), ("GIT_AUTHOR_EMAIL", "state@orgform.dev")])
            .envs([("GIT_COMMITTER_NAME", "orgform"), ("GIT_COMMITTER_EMAIL", "state@orgform.dev")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot)?;
        if let Some(mut stdin) = child.stdin.take() {
            // None of these commands writes before it has read everything. One that ended early tells by its status.
            let _ = stdin.write_all(input);
        }
        child.wait_with_output().map_err(cannot)
    }

    fn said(&self, tried: &'static str, out: &Output) -> StateError {
        let said = String::from_utf8_lossy(&out.stderr);
        let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("git said nothing");
        StateError::unusable(tried, self.place(), said.trim().to_owned())
    }
}
