//! Markdown that fits into a comment.
//!
//! A document is a list of blocks. Only the inside of a block is ever cut, at a line end and with a note, so
//! every fence and every fold that is opened is closed.

use super::super::MARKDOWN_LIMIT;
use super::super::paper::visible;

/// How long a line may be: names can be made longer than anybody reads.
const LINE: usize = 2_000;
/// Room for the notes that tell what was cut.
const NOTE: usize = 80;

/// Which lines go first when there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// What somebody must look at.
    Loud,
    /// What will be done.
    Changes,
    /// What needs nobody.
    Quiet,
}

/// A part of a document.
#[derive(Debug)]
pub(super) struct Block {
    open: String,
    lines: Vec<String>,
    close: String,
    worth: Worth,
}

impl Block {
    /// Text that is Markdown as it is: fixed words, numbers and [`code`] only.
    pub(super) fn prose(text: String) -> Self {
        Self { open: format!("{text}\n\n"), lines: Vec::new(), close: String::new(), worth: Worth::Loud }
    }

    /// Lines that are shown as they are, in a fence that none of them can close.
    pub(super) fn fenced(kind: &str, text: &str, worth: Worth) -> Self {
        let ticks = "`".repeat(longest_run(text).max(2) + 1);
        let lines = text.lines().map(|line| shortened(line) + "\n").collect();
        Self { open: format!("{ticks}{kind}\n"), lines, close: format!("{ticks}\n\n"), worth }
    }

    /// Folds the block away under a summary of fixed words and numbers.
    pub(super) fn folded(self, summary: &str) -> Self {
        Self {
            open: format!("<details><summary>{summary}</summary>\n\n{}", self.open),
            close: format!("{}</details>\n\n", self.close),
            ..self
        }
    }

    fn frame(&self) -> usize {
        self.open.len() + self.close.len() + if self.lines.is_empty() { 0 } else { NOTE }
    }

    fn size(&self) -> usize {
        self.lines.iter().map(String::len).sum()
    }
}

/// The document; `missing` says, as a paragraph, that this many lines are missing.
pub(super) fn document(mut blocks: Vec<Block>, missing: fn(usize) -> String) -> String {
    let mut room = MARKDOWN_LIMIT.saturating_sub(missing(usize::MAX).len() + NOTE);
    let mut cut = 0;
    // Frames that don't fit, as with hundreds of providers, take their blocks with them.
    let mut kept = 0;
    for block in &blocks {
        if block.frame() > room {
            break;
        }
        room -= block.frame();
        kept += 1;
    }
    cut += blocks.drain(kept..).map(|block| block.lines.len().max(1)).sum::<usize>();
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|index| blocks[*index].worth);
    for index in order {
        let block = &mut blocks[index];
        if block.size() <= room {
            room -= block.size();
            continue;
        }
        let mut fits = 0;
        for line in &block.lines {
            if line.len() > room {
                break;
            }
            room -= line.len();
            fits += 1;
        }
        let gone = block.lines.len() - fits;
        block.lines.truncate(fits);
        block.lines.push(format!("… {gone} more lines are cut here.\n"));
        cut += gone;
    }
    let mut out = String::new();
    if cut > 0 {
        out.push_str(&missing(cut));
    }
    for Block { open, lines, close, worth: _ } in blocks {
        out.push_str(&open);
        out.extend(lines);
        out.push_str(&close);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// A name as code.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    // Without the spaces, a backtick at an end would count as part of the fence.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

fn shortened(line: &str) -> String {
    if line.len() <= LINE {
        return line.to_owned();
    }
    let mut end = LINE;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… (cut)", &line[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(lines: usize) -> String {
        format!("> {lines} lines are missing.\n\n")
    }

    #[test]
    fn a_fence_is_longer_than_any_in_its_text() {
        let text = document(vec![Block::fenced("diff", "+ a\n- ````\n", Worth::Changes)], missing);
        assert_eq!(text, "`````diff\n+ a\n- ````\n`````\n");
    }

    #[test]
    fn a_name_as_code_can_not_end_the_code() {
        assert_eq!(code("acme"), "`acme`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code("a\nb"), "`a\\nb`");
    }

    #[test]
    fn what_is_worth_less_is_cut_first_and_told() {
        let many = "x".repeat(99) + "\n";
        let quiet = Block::fenced("text", &many.repeat(500), Worth::Quiet).folded("quiet");
        let loud = Block::fenced("text", &many.repeat(400), Worth::Loud);
        let text = document(vec![quiet, loud], missing);
        assert!(text.len() <= MARKDOWN_LIMIT);
        assert!(text.len() > MARKDOWN_LIMIT - 1_000);
        assert!(text.starts_with("> "));
        assert_eq!(text.matches("more lines are cut here").count(), 1);
        let (quiet, loud) = text.split_once("</details>").unwrap();
        assert!(quiet.contains("more lines are cut here"));
        assert_eq!(loud.matches(&many).count(), 400);
    }

    #[test]
    fn too_many_blocks_are_cut_too() {
        let blocks = (0..2_000).map(|n| Block::prose(format!("paragraph {n} of this document"))).collect();
        let text = document(blocks, missing);
        assert!(text.len() <= MARKDOWN_LIMIT);
        assert!(text.starts_with("> "));
    }
}
