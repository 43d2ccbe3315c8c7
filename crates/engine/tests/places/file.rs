//! Stories of a state in a file.

use std::path::PathBuf;
use std::sync::Arc;

use orgform_engine::state::{FileStore, Holder, OpenState, StateError, read};
use orgform_model::state::Entry;

use crate::places::{Folder, Place, address, clock, intend, open, person, provider, root, state_with};

#[tokio::test]
async fn a_line_that_was_being_written_when_the_machine_stopped_is_dropped() {
    let place = Folder::new();
    let clock = clock();
    let mut crashed = open(&place, "ada", &clock).await.unwrap();
    crashed.record(&provider(), vec![person("user-1")]).await.unwrap();
    crashed.record(&provider(), vec![person("user-2")]).await.unwrap();
    drop(crashed);
    let journal = std::fs::read(place.journal()).unwrap();
    std::fs::write(place.journal(), &journal[..journal.len() - 7]).unwrap();

    let mut next = open(&place, "ada", &clock).await.unwrap();
    assert_eq!(next.provider(&provider()).unwrap().people.len(), 1);
    next.record(&provider(), vec![person("user-3")]).await.unwrap();
    let seen = read(&*place.store(), &root()).await.unwrap().unwrap();
    assert_eq!(&seen, next.state());
    next.close().await.unwrap();
    assert_eq!(place.store().load().await.unwrap().unwrap().0, seen);
}

#[tokio::test]
async fn damage_within_the_journal_is_told_with_its_line_and_left_alone() {
    let place = Folder::new();
    let mut crashed = open(&place, "ada", &clock()).await.unwrap();
    crashed.record(&provider(), vec![person("user-1")]).await.unwrap();
    crashed.record(&provider(), vec![person("user-2")]).await.unwrap();
    drop(crashed);
    let damaged = std::fs::read_to_string(place.journal()).unwrap().replace("user-1\"", "user-1");
    std::fs::write(place.journal(), &damaged).unwrap();

    let error = open(&place, "ada", &clock()).await.unwrap_err().to_string();
    assert!(error.contains("orgform.state.journal:2:"), "{error}");
    assert!(error.contains("nothing was changed"), "{error}");
    assert_eq!(std::fs::read_to_string(place.journal()).unwrap(), damaged);
}

#[tokio::test]
async fn a_damaged_state_is_never_overwritten() {
    let place = Folder::new();
    for damaged in ["", "{", "{\"format\":1,\"root\":\"root-1\"}", "\u{feff}[]"] {
        std::fs::write(place.state(), damaged).unwrap();
        let error = open(&place, "ada", &clock()).await.unwrap_err();
        assert!(matches!(error, StateError::Damaged { .. }), "{error}");
        let saved = place.store().save_if_unchanged(&state_with("x"), None).await;
        assert!(matches!(saved, Err(StateError::Damaged { .. })));
        assert_eq!(std::fs::read_to_string(place.state()).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_crash_between_saving_and_emptying_the_journal_changes_nothing() {
    let place = Folder::new();
    let mut run = open(&place, "ada", &clock()).await.unwrap();
    let settled = Entry::Settled { address: address() };
    for entry in [intend(), person("user-1"), settled, Entry::DropPerson { id: "user-1".into() }] {
        run.record(&provider(), vec![entry]).await.unwrap();
    }
    let journal = std::fs::read(place.journal()).unwrap();
    run.close().await.unwrap();
    let (saved, _) = place.store().load().await.unwrap().unwrap();
    assert!(!place.journal().exists());
    std::fs::write(place.journal(), journal).unwrap();
    assert_eq!(place.store().load().await.unwrap().unwrap().0, saved);
}

#[tokio::test]
async fn reading_makes_no_file() {
    let place = Folder::new();
    assert!(read(&*place.store(), &root()).await.unwrap().is_none());
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_what_names_people() {
    use std::os::unix::fs::PermissionsExt;
    let place = Folder::new();
    let mut run = open(&place, "ada", &clock()).await.unwrap();
    run.record(&provider(), vec![person("user-1")]).await.unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.journal()), 0o600);
    run.close().await.unwrap();
    assert_eq!(mode(place.state()), 0o600);
}

#[tokio::test]
async fn a_place_that_can_not_be_written_is_told_on_opening() {
    let place = Folder::new();
    let store = Arc::new(FileStore::new(place.0.path().join("missing/orgform.state.json")));
    let error = OpenState::open(store, &root(), &Holder::new("ada"), clock()).await.unwrap_err();
    assert!(matches!(error, StateError::Unusable { tried: "lock the state", .. }), "{error}");
}

#[tokio::test]
async fn a_large_journal_is_taken_into_the_state() {
    let place = Folder::new();
    let mut run = open(&place, "ada", &clock()).await.unwrap();
    let long = "x".repeat(1 << 20);
    for number in 0..4 {
        run.record(&provider(), vec![person(&format!("{number}{long}"))]).await.unwrap();
    }
    assert!(!place.journal().exists());
    run.record(&provider(), vec![person("user-1")]).await.unwrap();
    assert!(place.journal().exists());
    assert_eq!(&read(&*place.store(), &root()).await.unwrap().unwrap(), run.state());
}
