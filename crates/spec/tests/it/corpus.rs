//! The stored corpus of the fuzz target `yaml`: texts that a fuzzer found worth keeping.

use std::path::Path;

use crate::whole_way;

#[test]
fn every_text_of_the_stored_corpus_can_be_read_and_told_about() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/yaml");
    let mut read = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let held = std::panic::catch_unwind(|| whole_way::check(&std::fs::read(&path).unwrap()));
        assert!(held.is_ok(), "{} breaks a property; it stands above", path.display());
        read += 1;
    }
    assert!(read > 0, "{} is empty", folder.display());
}
