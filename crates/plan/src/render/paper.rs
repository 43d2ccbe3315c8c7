//! Lays lines out: columns by display width, wrapping, colour.
//!
//! Everything that gets to a terminal or a comment passes through [`Span::new`], which shows control characters
//! as escapes: a name from a provider can't move the cursor, hide text or start a line of its own.

use unicode_width::UnicodeWidthStr;

use super::Style;

/// The width that is used where none is known.
const WIDTH: usize = 100;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Gain,
    Lose,
    Change,
    /// Text that goes away, within a text that stays.
    Struck,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Gain => Some("32"),
            Self::Lose => Some("31"),
            Self::Change => Some("33"),
            Self::Struck => Some("31;9"),
        }
    }
}

/// A piece of text and its look.
#[derive(Clone, Debug)]
pub(super) struct Span {
    ink: Ink,
    text: String,
    breaks: Breaks,
}

/// Where a line may end within a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breaks {
    AtSpaces,
    /// At spaces, but only if it does not fit on a line of its own.
    IfTooLong,
    Never,
}

impl Span {
    pub(super) fn new(ink: Ink, text: impl AsRef<str>) -> Self {
        Self { ink, text: visible(text.as_ref()), breaks: Breaks::AtSpaces }
    }

    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(Ink::Plain, text)
    }

    /// One item of a list: it stays on one line if it can.
    pub(super) fn item(text: impl AsRef<str>) -> Self {
        Self { breaks: Breaks::IfTooLong, ..Self::plain(text) }
    }

    /// A command: it stays on one line, so that it can be copied.
    pub(super) fn command(text: impl AsRef<str>) -> Self {
        Self { breaks: Breaks::Never, ..Self::new(Ink::Bold, text) }
    }

    /// What to do: a command, or a sentence in which each command stays on one line.
    pub(super) fn advice(text: &str) -> Vec<Self> {
        if text.starts_with("orgform ") {
            return vec![Self::command(text)];
        }
        let mut rest = text;
        let mut spans = Vec::new();
        while let Some((before, command, after)) = first_command(rest) {
            spans.extend([Self::plain(before), Self { ink: Ink::Plain, ..Self::command(command) }]);
            rest = after;
        }
        spans.push(Self::plain(rest));
        spans
    }

    pub(super) fn dim(text: impl AsRef<str>) -> Self {
        Self::new(Ink::Dim, text)
    }
}

/// The text around the first command of orgform that stands in a sentence, between backticks.
fn first_command(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("`orgform ")?;
    let end = start + 1 + text[start + 1..].find('`')? + 1;
    Some((&text[..start], &text[start..end], &text[end..]))
}

/// The sign in front of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Gain,
    Lose,
    Change,
    Alarm,
}

impl Mark {
    /// The mark of a sign that a view carries.
    pub(super) fn of(sign: &str) -> Self {
        match sign {
            "+" => Self::Gain,
            "-" => Self::Lose,
            "!" => Self::Alarm,
            _ => Self::Change,
        }
    }

    /// The colour of the sign and of what it stands in front of.
    pub(super) fn ink(self) -> Ink {
        self.sign().1
    }

    fn sign(self) -> (&'static str, Ink) {
        match self {
            Self::Gain => ("+", Ink::Gain),
            Self::Lose => ("-", Ink::Lose),
            Self::Change => ("~", Ink::Change),
            Self::Alarm => ("!", Ink::Change),
        }
    }
}

/// One line, or several where the body has to wrap.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// Spaces in front.
    pub(super) indent: usize,
    /// The sign.
    pub(super) mark: Option<Mark>,
    /// What stands in front.
    pub(super) lead: Vec<Span>,
    /// Where the body begins, and goes on when it wraps.
    pub(super) column: usize,
    /// What is said.
    pub(super) body: Vec<Span>,
    /// What stands at the end of the first line, and from which column on.
    pub(super) tail: Option<(usize, Span)>,
}

/// Where lines are written.
#[derive(Debug)]
pub(super) struct Paper {
    color: bool,
    width: usize,
    is_terminal: bool,
    sign_first: bool,
    out: String,
}

impl Paper {
    /// For a terminal or a log.
    pub(super) fn new(style: &Style) -> Self {
        let Style { color, width, redact: _, elapsed: _ } = *style;
        Self {
            color,
            width: width.unwrap_or(WIDTH).max(40),
            is_terminal: width.is_some(),
            sign_first: false,
            out: String::new(),
        }
    }

    /// For a block of kind `diff`: signs stand in the first column, where they get their colour.
    pub(super) fn diff() -> Self {
        Self { color: false, width: WIDTH, is_terminal: false, sign_first: true, out: String::new() }
    }

    /// Whether colours are shown.
    pub(super) fn is_colored(&self) -> bool {
        self.color
    }

    /// All lines, each with its line end.
    pub(super) fn into_text(self) -> String {
        self.out
    }

    /// An empty line, but never at the top nor twice.
    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// The title of a group of lines.
    pub(super) fn heading(&mut self, text: &str) {
        let (indent, title) =
            if self.sign_first { (0, format!("@@ {text} @@")) } else { (2, text.to_owned()) };
        self.row(Row { indent, lead: vec![Span::new(Ink::Bold, title)], ..Row::default() });
    }

    /// A sentence: it is not in columns, and goes on below itself at a terminal; in a log it stays whole.
    pub(super) fn line(&mut self, spans: Vec<Span>) {
        if self.is_terminal {
            self.put(Row { body: spans, ..Row::default() }, 2);
        } else {
            self.row(Row { lead: spans, ..Row::default() });
        }
    }

    /// A row.
    pub(super) fn row(&mut self, row: Row) {
        let hang = if row.column + 20 > self.width { (row.indent + 4).min(row.column) } else { row.column };
        self.put(row, hang);
    }

    /// A row whose body goes on in the column `hang`.
    fn put(&mut self, row: Row, hang: usize) {
        let Row { indent, mark, lead, column, body, tail } = row;
        let mut line = Line::default();
        let sign = mark.map(|mark| mark.sign());
        match sign {
            Some((sign, ink)) if self.sign_first => {
                line.push(ink, sign);
                line.pad_to(indent + 2);
            }
            Some((sign, ink)) => {
                line.pad_to(indent);
                line.push(ink, sign);
                line.push(Ink::Plain, " ");
            }
            None => line.pad_to(indent),
        }
        for Span { ink, text, breaks: _ } in &lead {
            line.push(*ink, text);
        }
        if !body.is_empty() {
            if !lead.is_empty() && line.width + 2 > column {
                line.push(Ink::Plain, "  ");
            } else {
                line.pad_to(column);
            }
        }
        for word in words(&body, self.width.saturating_sub(hang)) {
            let before = usize::from(!line.is_fresh);
            if line.width + before + word.width > self.width && !line.is_fresh {
                self.finish(&mut line);
                line.pad_to(hang);
            } else if !line.is_fresh {
                line.push_space(word.space);
            }
            for (ink, text) in &word.pieces {
                line.push(*ink, text);
            }
            line.is_fresh = false;
        }
        if let Some((column, Span { ink, text, breaks: _ })) = tail {
            line.pad_to(column.max(line.width + 2));
            line.push(ink, &text);
        }
        self.finish(&mut line);
    }

    fn finish(&mut self, line: &mut Line) {
        let Line { pieces, .. } = std::mem::take(line);
        let end = self.out.len();
        for (ink, text) in pieces {
            match ink.code().filter(|_| self.color) {
                Some(code) => self.out.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m")),
                None => self.out.push_str(&text),
            }
        }
        let kept = self.out.trim_end_matches(' ').len().max(end);
        self.out.truncate(kept);
        self.out.push('\n');
    }
}

/// The display width of a text.
pub(super) fn width(text: &str) -> usize {
    visible(text).width()
}

#[derive(Debug)]
struct Line {
    pieces: Vec<(Ink, String)>,
    width: usize,
    /// Whether no word of the body stands in it yet.
    is_fresh: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self { pieces: Vec::new(), width: 0, is_fresh: true }
    }
}

impl Line {
    fn push(&mut self, ink: Ink, text: &str) {
        self.width += text.width();
        match self.pieces.last_mut() {
            Some((last, so_far)) if *last == ink => so_far.push_str(text),
            _ => self.pieces.push((ink, text.to_owned())),
        }
    }

    fn push_space(&mut self, ink: Ink) {
        // A space within one piece keeps its look, so that a struck sentence is struck as a whole.
        let ink = if self.pieces.last().is_some_and(|(last, _)| *last == ink) { ink } else { Ink::Plain };
        self.push(ink, " ");
    }

    fn pad_to(&mut self, column: usize) {
        if column > self.width {
            self.push(Ink::Plain, &" ".repeat(column - self.width));
        }
    }
}

#[derive(Debug)]
struct Word {
    pieces: Vec<(Ink, String)>,
    width: usize,
    /// The look of the space in front.
    space: Ink,
}

fn words(spans: &[Span], room: usize) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    for Span { ink, text, breaks } in spans {
        let is_whole = match breaks {
            Breaks::AtSpaces => false,
            Breaks::IfTooLong => text.width() <= room,
            Breaks::Never => true,
        };
        let parts: Vec<&str> = if is_whole { vec![text] } else { text.split(' ').collect() };
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 || all.is_empty() {
                all.push(Word { pieces: Vec::new(), width: 0, space: *ink });
            }
            if let Some(word) = all.last_mut() {
                word.width += part.width();
                word.pieces.push((*ink, part.to_owned()));
            }
        }
    }
    all
}

/// Shows as escapes what a reader would not see, or would see wrongly.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_treacherous(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(width: usize, color: bool) -> Paper {
        Paper::new(&Style { color, width: Some(width), ..Style::default() })
    }

    fn row(lead: &str, body: &str) -> Row {
        Row {
            indent: 2,
            lead: vec![Span::plain(lead)],
            column: 10,
            body: vec![Span::plain(body)],
            ..Row::default()
        }
    }

    #[test]
    fn a_long_body_goes_on_below_itself() {
        let mut paper = paper(40, false);
        paper.row(row("Kept", "one two three four five six seven eight nine"));
        assert_eq!(paper.into_text(), "  Kept    one two three four five six\n          seven eight nine\n");
    }

    #[test]
    fn wide_letters_take_their_room() {
        let mut paper = paper(80, false);
        paper.row(row("日本", "x"));
        paper.row(row("abcd", "x"));
        assert_eq!(paper.into_text(), "  日本    x\n  abcd    x\n");
    }

    #[test]
    fn a_name_can_neither_move_the_cursor_nor_start_a_line() {
        let mut paper = paper(80, false);
        paper.line(vec![Span::plain("a\u{1b}[2Kb\nc\u{202e}d")]);
        assert_eq!(paper.into_text(), "a\\u{1b}[2Kb\\nc\\u{202e}d\n");
    }

    #[test]
    fn spaces_of_a_value_are_kept_within_a_line() {
        let mut paper = paper(80, false);
        paper.line(vec![Span::plain("a  b"), Span::plain(" c")]);
        assert_eq!(paper.into_text(), "a  b c\n");
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        let mut colored = paper(80, true);
        colored.line(vec![Span::new(Ink::Lose, "gone with it"), Span::plain(" x")]);
        assert_eq!(colored.into_text(), "\u{1b}[31mgone with it\u{1b}[0m x\n");
    }
}
