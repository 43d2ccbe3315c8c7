//! The stored corpus of the fuzz target `plan`: what a fuzzer found worth keeping, held to every property.

use std::path::Path;

use crate::{from_bytes, holds};

#[test]
fn every_world_of_the_stored_corpus_keeps_the_properties() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/plan");
    let mut read = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let kept =
            std::panic::catch_unwind(|| holds::all(&from_bytes::small(&std::fs::read(&path).unwrap())));
        assert!(kept.is_ok(), "{} breaks a property; it stands above", path.display());
        read += 1;
    }
    assert!(read > 0, "{} is empty", folder.display());
}
