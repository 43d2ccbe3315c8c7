//! Runs every story of `tests/cases`.
//!
//! `UPDATE_PLANS=1 cargo test -p orgform-plan stories` writes what came out; read it before you accept it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::sound::check;
use crate::story::Story;

#[test]
fn every_story_gets_its_plan() {
    let folders = folders();
    let only = std::env::var("STORY").ok();
    let mut failed = vec![];
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| run(folder))) {
            Ok(None) => {}
            Ok(Some(difference)) => failed.push(format!("{name}\n{difference}")),
            Err(_) => failed.push(format!("{name}: see above")),
        }
    }
    assert!(folders.len() > 50, "the stories are gone");
    assert!(failed.is_empty(), "{} of {} stories:\n\n{}", failed.len(), folders.len(), failed.join("\n"));
}

pub(crate) fn folders() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<_> = std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// The difference from the plan that must come out, if there is one.
fn run(folder: &Path) -> Option<String> {
    let story = Story::read(folder);
    let plan = story.plan();
    check(&plan);
    let told = story.told(&plan);
    let golden = folder.join("plan.txt");
    if std::env::var_os("UPDATE_PLANS").is_some() {
        std::fs::write(&golden, &told).unwrap();
        return None;
    }
    let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
    (wanted != told).then(|| {
        let diff = TextDiff::from_lines(&wanted, &told);
        diff.unified_diff().header("plan.txt", "this plan").to_string()
    })
}
