//! Plans any small world, carries the plan out, and plans again. What must hold of it is shared with the tests of
//! `orgform-plan`, which also read the stored corpus.
#![no_main]
#![allow(dead_code, reason = "the tests use more of what is shared")]

#[path = "../../crates/plan/tests/it/apply.rs"]
mod apply;
#[path = "../../crates/plan/tests/it/capability.rs"]
mod capability;
#[path = "../../crates/plan/tests/it/from_bytes.rs"]
mod from_bytes;
#[path = "../../crates/plan/tests/it/holds.rs"]
mod holds;
#[path = "../../crates/plan/tests/it/observe.rs"]
mod observe;
#[path = "../../crates/plan/tests/it/small.rs"]
mod small;
#[path = "../../crates/plan/tests/it/sound.rs"]
mod sound;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holds::all(&from_bytes::small(bytes)));
