//! Loads many files, or parts of a large one, on several threads. The result does not depend on how many.

use std::sync::Arc;

use super::load::{Part, load};
use crate::parallel::{in_parallel, threads};
use crate::read::{Document, Limits};
use crate::source::File;
use orgform_model::Finding;

/// What all files held, in their order.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) documents: Vec<Document>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) unreadable: Vec<String>,
}

/// Files below this many bytes are not worth splitting.
const WORTH_SPLITTING: usize = 1 << 16;

/// Loads files.
pub(crate) fn load_files(files: &[Arc<File>], limits: &Limits) -> Loaded {
    let threads = threads();
    let readable = files.iter().enumerate().filter(|(_, file)| file.readable);
    let pieces: Vec<(usize, usize, usize)> =
        readable.flat_map(|(index, file)| split(index, &file.text, threads)).collect();
    let parts = in_parallel(pieces.len(), threads, |piece| {
        let (file, start, end) = pieces[piece];
        load(&files[file], start, end, limits)
    });
    let mut loaded = Loaded::default();
    for ((file, ..), part) in pieces.into_iter().zip(parts) {
        let Part { trees, findings, unreadable } = part;
        loaded.findings.extend(findings);
        loaded.unreadable.extend(unreadable);
        loaded.documents.extend(trees.into_iter().map(|tree| Document {
            file: files[file].clone(),
            node: tree.node,
            broken: tree.broken,
            again: tree.again,
        }));
    }
    loaded
}

/// Cuts a large file where documents start. `---` in the first column always starts one, in block scalars too;
/// only directives (`%`) would have to be carried over, so a file that has any stays whole.
fn split(index: usize, text: &str, threads: usize) -> Vec<(usize, usize, usize)> {
    let whole = vec![(index, 0, text.len())];
    if threads < 2 || text.len() < WORTH_SPLITTING || text.contains("\n%") || text.starts_with('%') {
        return whole;
    }
    let step = text.len() / (threads * 4) + 1;
    let mut cuts = vec![0];
    let mut from = step;
    while let Some(found) = text.as_bytes().get(from..).and_then(|rest| find(rest, b"\n---")) {
        let cut = from + found + 1;
        cuts.push(cut);
        from = cut + step;
    }
    let ends = cuts.iter().skip(1).copied().chain([text.len()]);
    cuts.iter().copied().zip(ends).map(|(start, end)| (index, start, end)).collect()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
