//! Declares people absent: which files are edited or made for it. Pure; the result is written once agreed to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use orgform_model::{Email, Finding};
use orgform_spec::edit::{Edit, Scalar, edit};
use orgform_spec::manifest::{Member, Object};
use orgform_spec::{Documents, File, Manifest};

/// A file as it will be.
#[derive(Clone, Debug)]
pub(crate) struct FileEdit {
    /// Its path from the root.
    pub(crate) path: String,
    /// What is there now; none if the file is new.
    pub(crate) before: Option<Arc<File>>,
    /// What will be there.
    pub(crate) text: String,
    /// The person whom no file named before this one.
    pub(crate) unnamed: Option<Email>,
}

impl FileEdit {
    /// Writes it. I/O.
    ///
    /// # Errors
    /// When somebody else has changed or made the file meanwhile, or it can't be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(&self.path);
        let written = match &self.before {
            Some(file) => orgform_spec::write(folder, file, &self.text),
            None => make(&path, &self.text),
        };
        written.with_context(|| format!("could not write {}", path.display()))
    }

    /// The lines that come and go, as in a patch, each run of them under its place.
    pub(crate) fn patch(&self) -> String {
        let before: Vec<&str> = self.before.iter().flat_map(|file| file.text.lines()).collect();
        let after: Vec<&str> = self.text.lines().collect();
        let what = if self.before.is_some() { "edit" } else { "new" };
        let (mut text, mut old, mut new) = (String::new(), 0, 0);
        while old < before.len() || new < after.len() {
            if old < before.len() && before.get(old) == after.get(new) {
                (old, new) = (old + 1, new + 1);
                continue;
            }
            text.push_str(&format!("  {what} {}\n", self.at_line(new + 1)));
            let (gone, come) = run(&before[old..], &after[new..]);
            let minus = before[old..old + gone].iter().map(|line| format!("    - {line}\n"));
            let plus = after[new..new + come].iter().map(|line| format!("    + {line}\n"));
            text.extend(minus.chain(plus));
            (old, new) = (old + gone, new + come);
        }
        text
    }

    /// How the edit is taken back, as a clause.
    pub(crate) fn undo(&self) -> String {
        match &self.before {
            None => format!("delete {}", self.path),
            Some(file) => {
                let same =
                    file.text.lines().zip(self.text.lines()).take_while(|(old, new)| old == new).count();
                // Not by Git: other edits of the file may wait there.
                format!("take `offboarded: true` out of {}", self.at_line(same + 1))
            }
        }
    }

    fn at_line(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// How many lines go and come before both texts go on alike: an edit adds a line or puts one in the place of another.
fn run(before: &[&str], after: &[&str]) -> (usize, usize) {
    for size in 1..=before.len().max(after.len()) {
        let alike = |old: usize, new: usize| before.get(old) == after.get(new);
        if size <= after.len() && alike(0, size) {
            return (0, size);
        }
        if size <= before.len() && size <= after.len() && alike(size, size) {
            return (size, size);
        }
        if size <= before.len() && alike(size, 0) {
            return (size, 0);
        }
    }
    (before.len(), after.len())
}

/// What must be written so that these people are declared absent; nothing for those who already are.
///
/// # Errors
/// A finding for each declaration that can't be edited in place.
pub(crate) fn declare(
    documents: &Documents,
    manifest: &Manifest,
    people: &BTreeSet<Email>,
) -> Result<Vec<FileEdit>, Vec<Finding>> {
    let mut edits: BTreeMap<Arc<str>, (Arc<File>, Vec<Edit>)> = BTreeMap::new();
    let mut made = Vec::new();
    let mut names: BTreeSet<String> =
        manifest.members.iter().map(|member| member.name.value.to_string()).collect();
    let mut paths: BTreeSet<String> = documents.files.iter().map(|file| file.path.to_string()).collect();
    for email in people {
        let declared: Vec<&Object<Member>> = manifest
            .members
            .iter()
            .filter(|member| member.spec.email.as_ref().is_some_and(|at| at.value == *email))
            .collect();
        if declared.is_empty() {
            made.push(new_file(email, manifest, &mut names, &mut paths));
        }
        for (file, one) in edits_of(&declared) {
            edits.entry(file.path.clone()).or_insert_with(|| (file.clone(), Vec::new())).1.push(one);
        }
    }
    let mut findings = Vec::new();
    for (path, (file, edits)) in edits {
        match edit(&file, &edits) {
            Ok(text) => {
                made.push(FileEdit { path: path.to_string(), before: Some(file), text, unnamed: None })
            }
            Err(finding) => findings.push(*finding),
        }
    }
    made.sort_by(|a, b| a.path.cmp(&b.path));
    if findings.is_empty() { Ok(made) } else { Err(findings) }
}

/// One object says it for all of the same person; none of them may say otherwise.
fn edits_of(declared: &[&Object<Member>]) -> Vec<(Arc<File>, Edit)> {
    let said = |member: &&&Object<Member>| {
        member.spec.offboarded.as_ref().is_some_and(|offboarded| offboarded.value)
    };
    let is_said = declared.iter().any(|member| said(&member));
    let mut edits = Vec::new();
    for member in declared {
        if let Some(flag) = member.spec.offboarded.as_ref().filter(|flag| !flag.value) {
            let replace = Edit::Replace { at: flag.span, value: Scalar::Flag(true) };
            edits.push((member.file.clone(), replace));
        }
    }
    if let (true, false, Some(first)) = (edits.is_empty(), is_said, declared.first()) {
        edits.extend(first.spec.email.as_ref().map(|email| {
            let (key, value) = ("offboarded".to_owned(), Scalar::Flag(true));
            (first.file.clone(), Edit::Insert { after: email.span, key, value })
        }));
    }
    edits
}

/// A declaration of somebody whom none names, where people are declared here.
fn new_file(
    email: &Email,
    manifest: &Manifest,
    names: &mut BTreeSet<String>,
    paths: &mut BTreeSet<String>,
) -> FileEdit {
    let folders = manifest.members.iter().map(|member| folder_of(&member.file.path));
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    folders.for_each(|folder| *often.entry(folder).or_default() += 1);
    let folder = often.iter().max_by_key(|(_, number)| **number).map_or("people", |(folder, _)| folder);
    let stem = stem(email);
    let numbered = |number: usize| if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
    let in_folder = |name: &str| {
        if folder.is_empty() { format!("{name}.yaml") } else { format!("{folder}/{name}.yaml") }
    };
    let mut number = 1;
    while names.contains(&numbered(number)) || paths.contains(&in_folder(&numbered(number))) {
        number += 1;
    }
    let name = numbered(number);
    let path = in_folder(&name);
    names.insert(name.clone());
    paths.insert(path.clone());
    let version = orgform_spec::API_VERSION;
    let unnamed = Some(email.clone());
    let email = serde_json::Value::from(email.written()).to_string();
    let text = format!(
        "apiVersion: {version}\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: {email}\n  \
         offboarded: true\n"
    );
    FileEdit { path, before: None, text, unnamed }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The part before the `@` as a name.
fn stem(email: &Email) -> String {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let letters = local.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let stem: String = letters.take(50).collect::<String>().to_ascii_lowercase();
    let stem = stem.trim_matches('-');
    if stem.is_empty() { "person".to_owned() } else { stem.to_owned() }
}

fn make(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(email: &str, rest: &str) -> String {
        format!("---\nkind: Member\nspec:\n  email: {email}\n{rest}  memberships:\n    - lab\n")
    }

    fn edit(before: &str, text: String) -> FileEdit {
        let files = vec![("people/lab.yaml".to_owned(), before.as_bytes().to_vec())];
        let documents = orgform_spec::read_texts(files, true);
        let before = documents.files.first().cloned();
        FileEdit { path: "people/lab.yaml".to_owned(), before, text, unnamed: None }
    }

    #[test]
    fn several_people_of_one_file_show_only_the_lines_that_come() {
        let said = "  offboarded: true\n";
        let before = ["ada", "ken", "tim"].map(|name| document(name, "")).concat();
        let after = document("ada", said) + &document("ken", "") + &document("tim", said);
        assert_eq!(
            edit(&before, after).patch(),
            "  edit people/lab.yaml:5\n    +   offboarded: true\n  edit people/lab.yaml:18\n    +   offboarded: true\n"
        );
    }

    #[test]
    fn a_line_in_the_place_of_another_shows_both() {
        let (before, after) =
            (document("ada", "  offboarded: false\n"), document("ada", "  offboarded: true\n"));
        let edit = edit(&before, after);
        assert_eq!(
            edit.patch(),
            "  edit people/lab.yaml:5\n    -   offboarded: false\n    +   offboarded: true\n"
        );
        assert_eq!(edit.undo(), "take `offboarded: true` out of people/lab.yaml:5");
    }
}
