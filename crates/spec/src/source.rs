//! A file that was read, and places in it.

use std::sync::{Arc, OnceLock};

use orgform_model::Place;

use crate::yaml::Span;

/// A file of manifests, as text.
#[derive(Debug)]
pub struct File {
    /// Its path, relative to the root, with `/` between segments.
    pub path: Arc<str>,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
    /// Whether its objects were asked for; others are read to resolve references.
    pub in_subject: bool,
    /// The namespace of the object that it stands for, in a cluster; none for files.
    pub namespace: Option<Arc<str>>,
    /// Whether its text can be read as YAML; if not it is kept for showing places only.
    pub readable: bool,
    line_starts: OnceLock<Vec<u32>>,
}

impl File {
    /// A file of this text.
    pub fn new(path: &str, text: Arc<str>, in_subject: bool) -> Self {
        let path = Arc::from(path);
        Self { path, text, in_subject, namespace: None, readable: true, line_starts: OnceLock::new() }
    }

    /// An object of a cluster, under a label of its own.
    pub fn of_object(label: &str, namespace: &str, text: Arc<str>) -> Self {
        Self { namespace: Some(Arc::from(namespace)), ..Self::new(label, text, true) }
    }

    /// A file whose text is not read as YAML.
    pub(crate) fn unreadable(path: &str, text: Arc<str>, in_subject: bool) -> Self {
        Self { readable: false, ..Self::new(path, text, in_subject) }
    }

    /// Where a span is: its line, column and length in characters, on its first line.
    pub fn place(&self, span: Span) -> Place {
        let starts = self.line_starts();
        let mut start = (span.start as usize).min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let line = starts.partition_point(|&at| at as usize <= start).max(1);
        let line_start = starts.get(line - 1).map_or(0, |&at| at as usize);
        let column = self.text[line_start..start].chars().count() + 1;
        let covered = self.text.get(start..span.end as usize).unwrap_or("");
        let covered = covered.lines().next().unwrap_or("").trim_end();
        Place {
            file: self.path.clone(),
            line: narrow(line),
            column: narrow(column),
            length: narrow(covered.chars().count().max(1)),
        }
    }

    /// The text of a line, from 1, without its end.
    pub fn line(&self, number: u32) -> Option<&str> {
        let starts = self.line_starts();
        let index = (number as usize).checked_sub(1)?;
        let start = *starts.get(index)? as usize;
        let end = starts.get(index + 1).map_or(self.text.len(), |&at| at as usize);
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| narrow(at + 1))).collect()
        })
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
