//! Builds trees from parser events.

use std::collections::HashMap;

use granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, StructureStyle, Tag, options,
};
use orgform_model::Finding;

use super::{Entry, Node, Span, Value};
use crate::names::quoted;
use crate::read::Limits;
use crate::source::File;

/// One document, as a tree.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) node: Node,
    /// Whether something in it was refused, such as a duplicate key.
    pub(crate) broken: bool,
    /// What was written again under a key that says what the document is about.
    pub(crate) again: Vec<Entry>,
}

/// What a part of a file held.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) trees: Vec<Tree>,
    pub(crate) findings: Vec<Finding>,
    /// Where documents could not be read, as `file:line`.
    pub(crate) unreadable: Vec<String>,
}

/// Reads the part of a file from byte `base` to `end`; it starts at a document.
pub(crate) fn load(file: &File, base: usize, end: usize, limits: &Limits) -> Part {
    let text = file.text.get(base..end).unwrap_or("");
    let settings = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
        bom_inside_document_as_content: true,
    };
    let mut parser = Parser::new_from_str_with_options(text, settings);
    let mut loader = Loader::new(file, base, limits);
    loop {
        let stop = match parser.next_event() {
            None => break,
            Some(Ok((event, span))) => loader.take(event, span),
            Some(Err(error)) => Err(loader.syntax(&error)),
        };
        let Err(stop) = stop else { continue };
        loader.give_up_document(stop);
        if loader.exhausted || !skip_document(&mut parser) {
            break;
        }
    }
    loader.part
}

fn skip_document<'i>(parser: &mut Parser<'i, StrInput<'i>>) -> bool {
    matches!(parser.proceed_next_document(), Ok(true))
}

/// A document can't be read on.
struct Stop(Box<Finding>);

struct Loader<'a> {
    file: &'a File,
    base: usize,
    limits: &'a Limits,
    part: Part,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Anchor>,
    broken: bool,
    again: Vec<Entry>,
    nodes: usize,
    expanded: usize,
    exhausted: bool,
}

struct Anchor {
    node: Node,
    count: usize,
    depth: usize,
}

struct Frame {
    start: Span,
    flow: bool,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, merges: Vec<Node>, key: Option<Key> },
}

struct Key {
    /// None where the key is not a text: its value is dropped.
    text: Option<Box<str>>,
    plain: bool,
    span: Span,
}

impl<'a> Loader<'a> {
    fn new(file: &'a File, base: usize, limits: &'a Limits) -> Self {
        Self {
            file,
            base,
            limits,
            part: Part::default(),
            stack: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            broken: false,
            again: Vec::new(),
            nodes: 0,
            expanded: 0,
            exhausted: false,
        }
    }

    fn take(&mut self, event: Event<'_>, span: granit_parser::Span) -> Result<(), Stop> {
        let span = self.span(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(span)?;
                let tagged_text = self.check_tag(tag.as_deref(), span);
                let plain = style == ScalarStyle::Plain && !tagged_text;
                self.push(Node { span, value: Value::Scalar { text: text.into(), plain } }, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                self.open(span, style, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                let content = Content::Map { entries: Vec::new(), merges: Vec::new(), key: None };
                self.open(span, style, anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                self.error(span, format!("no anchor {} before this", quoted(&name)));
                self.push(Node { span, value: Value::Scalar { text: "".into(), plain: true } }, 0)
            }
            Event::DocumentEnd => {
                self.finish_document();
                Ok(())
            }
            // Stream and document starts carry nothing; comments and anchors are not asked for.
            _ => Ok(()),
        }
    }

    fn open(
        &mut self,
        start: Span,
        style: StructureStyle,
        anchor: usize,
        content: Content,
    ) -> Result<(), Stop> {
        self.count(start)?;
        if self.stack.len() >= self.limits.depth {
            return Err(self.too_deep(start));
        }
        self.stack.push(Frame { start, flow: style == StructureStyle::Flow, anchor, content });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Stop> {
        let Some(Frame { start, flow, anchor, content }) = self.stack.pop() else { return Ok(()) };
        let node = match content {
            Content::List(items) => {
                // A block list ends where the next thing starts: not a part of it.
                let end = if flow { end.end } else { items.last().map_or(start.end, |last| last.span.end) };
                Node { span: Span { start: start.start, end }, value: Value::List(items) }
            }
            Content::Map { entries, merges, key: _ } => {
                let from = entries.first().map_or(start.start, |first| first.span.start).min(start.start);
                let inner = entries.last().map_or(start.end, |last| last.value.span.end);
                let span = Span { start: from, end: if flow { end.end } else { inner } };
                let mut entries = self.unique(entries);
                self.merge(&mut entries, merges);
                Node { span, value: Value::Map(entries) }
            }
        };
        self.push(node, anchor)
    }

    fn push(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            let (count, depth) = node.size();
            self.expand(count, node.span)?;
            self.anchors.insert(anchor, Anchor { node: node.clone(), count, depth });
        }
        let refused = match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => {
                self.root = Some(node);
                None
            }
            Some(Content::List(items)) => {
                items.push(node);
                None
            }
            Some(Content::Map { key: key @ None, .. }) => {
                let span = node.span;
                let (text, plain, refused) = match node.value {
                    Value::Scalar { text, plain } => (Some(text), plain, None),
                    Value::List(_) | Value::Map(_) => (None, false, Some(span)),
                };
                *key = Some(Key { text, plain, span });
                refused
            }
            Some(Content::Map { entries, merges, key }) => {
                match key.take() {
                    Some(Key { text: Some(text), plain: true, .. }) if &*text == "<<" => merges.push(node),
                    Some(Key { text: Some(key), span, .. }) => entries.push(Entry { key, span, value: node }),
                    Some(Key { text: None, .. }) | None => {}
                }
                None
            }
        };
        if let Some(span) = refused {
            self.error(span, "a key must be a text");
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        let Some(Anchor { count, depth, .. }) = self.anchors.get(&id) else {
            return Err(self.stop(span, "an alias inside of what it stands for"));
        };
        let (count, depth) = (*count, *depth);
        if self.stack.len() + depth > self.limits.depth {
            return Err(self.too_deep(span));
        }
        self.expand(count, span)?;
        match self.anchors.get(&id).map(|anchor| anchor.node.clone()) {
            Some(node) => self.push(node, 0),
            None => Ok(()),
        }
    }

    /// Drops keys that are written again, and names both places. What says what the document is about is kept
    /// aside: it counts as declared too.
    fn unique(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut again: Vec<(usize, usize)> = Vec::new();
        if entries.len() <= 16 {
            for (index, entry) in entries.iter().enumerate() {
                if let Some(first) = entries[..index].iter().position(|other| other.key == entry.key) {
                    again.push((first, index));
                }
            }
        } else {
            let mut seen: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
            for (index, entry) in entries.iter().enumerate() {
                let first = *seen.entry(&entry.key).or_insert(index);
                if first != index {
                    again.push((first, index));
                }
            }
        }
        if again.is_empty() {
            return entries;
        }
        for &(first, second) in &again {
            let (first, second) = (&entries[first], &entries[second]);
            self.broken = true;
            self.part.findings.push(
                Finding::error(
                    format!("{} is written twice", quoted(&second.key)),
                    self.file.place(second.span),
                )
                .also_at(self.file.place(first.span))
                .hint("keep one; YAML readers do not agree on which of the two counts."),
            );
        }
        let mut kept = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            if again.binary_search_by_key(&index, |&(_, second)| second).is_err() {
                kept.push(entry);
            } else if names_something(self.stack.len(), &entry.key) {
                self.again.push(entry);
            }
        }
        kept
    }

    /// Applies `<<`: what the mapping says itself counts, then what is merged first.
    fn merge(&mut self, entries: &mut Vec<Entry>, merges: Vec<Node>) {
        let mut sources = Vec::new();
        for node in merges {
            match node.value {
                Value::List(items) => sources.extend(items),
                Value::Map(_) | Value::Scalar { .. } => sources.push(node),
            }
        }
        for source in sources {
            match source.value {
                Value::Map(merged) => {
                    for entry in merged {
                        if !entries.iter().any(|own| own.key == entry.key) {
                            entries.push(entry);
                        }
                    }
                }
                Value::Scalar { .. } | Value::List(_) => {
                    self.error(source.span, "only a mapping can be merged with `<<`");
                }
            }
        }
    }

    /// Whether the tag says that a scalar is a text.
    fn check_tag(&mut self, tag: Option<&Tag>, span: Span) -> bool {
        match tag.map(|tag| (tag.core_suffix(), tag.original())) {
            None => false,
            Some((Some(core), _)) => core == "str",
            Some((None, written)) => {
                self.error(span, format!("the tag {} is not known", quoted(&written)));
                false
            }
        }
    }

    fn finish_document(&mut self) {
        let broken = std::mem::take(&mut self.broken);
        let again = std::mem::take(&mut self.again);
        self.anchors.clear();
        self.stack.clear();
        // An empty document, or one of comments only, says nothing.
        if let Some(node) = self.root.take().filter(|node| broken || !node.is_null()) {
            self.part.trees.push(Tree { node, broken, again });
        }
    }

    fn give_up_document(&mut self, Stop(finding): Stop) {
        if let Some(place) = finding.places.first() {
            self.part.unreadable.push(format!("{}:{}", place.file, place.line));
        }
        self.part.findings.push(*finding);
        self.root = None;
        self.broken = false;
        self.again.clear();
        self.stack.clear();
        self.anchors.clear();
    }

    fn count(&mut self, span: Span) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            self.exhausted = true;
            let limit = self.limits.nodes;
            return Err(
                self.stop(span, format!("more than {limit} values; the rest of the file was not read"))
            );
        }
        Ok(())
    }

    /// Counts what anchors and aliases copy: the difference between a short file and a bomb.
    fn expand(&mut self, count: usize, span: Span) -> Result<(), Stop> {
        self.expanded += count;
        if self.expanded > self.limits.expanded {
            self.exhausted = true;
            let limit = self.limits.expanded;
            let said =
                format!("aliases expand to more than {limit} values; the rest of the file was not read");
            return Err(self.stop(span, said));
        }
        Ok(())
    }

    fn too_deep(&self, span: Span) -> Stop {
        self.stop(span, format!("nested more than {} deep", self.limits.depth))
    }

    fn stop(&self, span: Span, said: impl Into<String>) -> Stop {
        Stop(Box::new(Finding::error(said, self.file.place(span))))
    }

    fn error(&mut self, span: Span, said: impl Into<String>) {
        self.broken = true;
        self.part.findings.push(Finding::error(said, self.file.place(span)));
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(0) + self.base;
        let span = Span { start: narrow(at), end: narrow(at + 1) };
        let place = self.file.place(span);
        let finding = match error.kind() {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar => {
                let place = self.file.place(self.tab_before(at).unwrap_or(span));
                Finding::error("a tab can't indent YAML", place).hint("use spaces.")
            }
            ErrorKind::RecursionLimitExceeded => return self.too_deep(span),
            _ => Finding::error(format!("this is not YAML: {}", error.info()), place)
                .hint("what stands before this line may be unfinished: a quote, a bracket, an indent."),
        };
        Stop(Box::new(finding))
    }

    /// The tab that the parser stumbled over: in this line, or where the next one begins.
    fn tab_before(&self, at: usize) -> Option<Span> {
        let text = &self.file.text;
        let before = text.get(..(at + 1).min(text.len()))?;
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let tab = match before[line_start..].rfind('\t') {
            Some(tab) => line_start + tab,
            // The mark may be at the end of what stands before the line with the tab.
            None => {
                let next = line_start + text[line_start..].find('\n')? + 1;
                let blank = text[next..].find(|letter| letter != ' ')?;
                text[next + blank..].starts_with('\t').then_some(next + blank)?
            }
        };
        Some(Span { start: narrow(tab), end: narrow(tab + 1) })
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let start = span.start.byte_offset().unwrap_or(0) + self.base;
        let end = span.end.byte_offset().unwrap_or(0) + self.base;
        Span { start: narrow(start), end: narrow(end.max(start)) }
    }
}

/// Whether a key this deep in a document says what the document is about, and not only something about it.
fn names_something(depth: usize, key: &str) -> bool {
    match depth {
        0 => matches!(key, "kind" | "metadata" | "spec"),
        1 => matches!(key, "name" | "email"),
        _ => false,
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
