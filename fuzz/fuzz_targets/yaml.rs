//! Reads, validates and resolves any text. What must hold of it is shared with the tests of `orgform-spec`, which
//! also read the stored corpus.
#![no_main]
#![allow(dead_code, reason = "the tests use more of what is shared")]

#[path = "../../crates/spec/tests/it/whole_way.rs"]
mod whole_way;
#[path = "../../crates/spec/tests/it/worlds.rs"]
mod worlds;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whole_way::check(bytes));
