//! Reads the manifests of a commit, for `--base`. Uses the `git` program; the work tree is not touched.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use crate::failure::Failure;

/// The files below `folder` as they were at `revision`: path relative to the folder, and content.
///
/// Only what [`orgform_spec::read`] would read is taken: YAML files that are not hidden.
pub(crate) fn files_at(folder: &Path, revision: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let commit = resolve(folder, revision)?;
    let listed = output(folder, &["ls-tree", "-r", "-z", &commit]).map_err(|said| anyhow!(said))?;
    let blobs: Vec<(String, String)> = String::from_utf8_lossy(&listed)
        .split('\0')
        .filter_map(blob_of)
        .filter(|(path, _)| is_manifest(path))
        .collect();
    contents(folder, &blobs).with_context(|| format!("could not read the manifests of {revision}"))
}

/// The id of a commit.
pub(crate) fn resolve(folder: &Path, revision: &str) -> Result<String> {
    let commit = format!("{revision}^{{commit}}");
    match output(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]) {
        Ok(id) => Ok(String::from_utf8_lossy(&id).trim().to_owned()),
        Err(said) => {
            let failure = Failure::new(format!("`{revision}` is not a commit of this repository"))
                .hint("--base takes a branch, a tag or a commit id: the commit that was applied last.")
                .nothing_read();
            Err(if said.is_empty() { failure } else { failure.because(anyhow!(said)) }.into())
        }
    }
}

/// Those of these paths that a commit of everything would take along; none where there is no repository.
pub(crate) fn not_ignored<'p>(folder: &Path, paths: &[&'p str]) -> Vec<&'p str> {
    let asked = command(folder, &["check-ignore", "--"]).args(paths).stderr(Stdio::null()).output();
    // 0: some are ignored, 1: none is; anything else: nobody can tell.
    match asked {
        Ok(ended) if matches!(ended.status.code(), Some(0 | 1)) => {
            let ignored = String::from_utf8_lossy(&ended.stdout).into_owned();
            let is_ignored = |path: &&str| ignored.lines().any(|line| line == *path);
            paths.iter().copied().filter(|path| !is_ignored(path)).collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// A line of `git ls-tree`: mode, type, object and a path relative to the folder.
fn blob_of(line: &str) -> Option<(String, String)> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split(' ');
    let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
    // A symbolic link (mode 120000) holds a path, not a manifest.
    (kind == "blob" && mode != "120000").then(|| (path.to_owned(), object.to_owned()))
}

fn is_manifest(path: &str) -> bool {
    (path.ends_with(".yaml") || path.ends_with(".yml"))
        && path != orgform_spec::root::FILE_NAME
        && !path.split('/').any(|segment| segment.starts_with('.'))
}

/// Reads all blobs with one process.
fn contents(folder: &Path, blobs: &[(String, String)]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut child = command(folder, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (Some(mut asked), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("git has no pipes");
    };
    let mut answers = BufReader::new(answers);
    let mut files = Vec::with_capacity(blobs.len());
    for (path, object) in blobs {
        writeln!(asked, "{object}")?;
        asked.flush()?;
        let mut head = String::new();
        answers.read_line(&mut head)?;
        let size: usize = match head.trim_end().rsplit_once(' ') {
            Some((_, size)) => size.parse().with_context(|| format!("git answered {head:?} for {path}"))?,
            None => bail!("git answered {head:?} for {path}"),
        };
        let mut content = vec![0; size + 1];
        answers.read_exact(&mut content)?;
        content.pop();
        files.push((path.clone(), content));
    }
    drop(asked);
    child.wait()?;
    Ok(files)
}

/// What git answers, or what it says is wrong.
fn output(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let ended = command(folder, arguments).output().map_err(|error| format!("could not run git: {error}"))?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned());
    }
    Ok(ended.stdout)
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env("GIT_OPTIONAL_LOCKS", "0");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_read_from_the_folder_is_taken_from_a_commit() {
        for path in ["people/ada.yaml", "a.yml"] {
            assert!(is_manifest(path), "{path}");
        }
        for path in ["orgform.yaml", ".github/x.yaml", "people/.ada.yaml", "README.md"] {
            assert!(!is_manifest(path), "{path}");
        }
        assert_eq!(blob_of("120000 blob abc\tlink.yaml"), None);
        assert_eq!(blob_of("100644 blob abc\ta b.yaml"), Some(("a b.yaml".into(), "abc".into())));
    }
}
