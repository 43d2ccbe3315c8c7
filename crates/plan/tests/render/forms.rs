//! JSON and Markdown: the same words, for programs and for comments.

use insta::{assert_json_snapshot, assert_snapshot};
use orgform_plan::plan::Cause;
use orgform_plan::render::{
    MARKDOWN_LIMIT, Style, json, markdown, report_json, report_markdown, report_text, text,
};
use orgform_plan::{ChangeKind, Plan, PlannedChange};

use crate::plans::{
    change, converged, every_change, every_section, invite, kept, member, now, ordinary, removal, role,
    strings, with_changes,
};
use crate::reports::failed;

fn redact() -> Style {
    Style { redact: true, ..Style::default() }
}

#[test]
fn json_of_an_ordinary_day() {
    assert_json_snapshot!(json(&[ordinary()], now(), &Style::default()));
}

#[test]
fn json_names_everything_that_text_names() {
    for plan in [ordinary(), every_section(), every_change()] {
        let json = json(std::slice::from_ref(&plan), now(), &Style::default());
        let mut strings = Vec::new();
        collect(&json, &mut strings);
        let strings = strings.join("\n");
        let shown = text(&plan, now(), &Style { width: Some(10_000), ..Style::default() });
        let mut names = 0;
        for name in shown.split_whitespace().map(|word| word.trim_matches([',', '.', ':', ';', '(', ')'])) {
            if name.contains(['@', '/', ':', '=']) {
                assert!(strings.contains(name), "{name} is only in the text");
                names += 1;
            }
        }
        assert!(names > 5, "{shown}");
        let view = &json["plans"][0];
        for sentence in [&view["headline"], &view["summary"]] {
            assert!(shown.contains(sentence.as_str().unwrap()), "{sentence}");
        }
    }
}

fn collect(value: &serde_json::Value, strings: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => strings.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        serde_json::Value::Object(map) => map.iter().for_each(|(key, item)| {
            strings.push(key.clone());
            collect(item, strings);
        }),
        _ => {}
    }
}

#[test]
fn a_comment_for_an_ordinary_day() {
    assert_snapshot!(markdown(&[ordinary()], now(), &Style::default()));
}

#[test]
fn a_comment_with_every_section() {
    assert_snapshot!(markdown(&[every_section(), converged()], now(), &Style::default()));
}

#[test]
fn a_comment_for_nothing_to_do_is_short() {
    assert_snapshot!(markdown(&[converged()], now(), &Style::default()), @r"
    <!-- orgform: plan -->
    ### orgform plan: nothing to do

    **`pureport`**: nothing to do. 3 accounts, 11 people, 2 invites waiting; read in 10 calls.
    ");
}

#[test]
fn many_changes_are_folded_under_a_table() {
    let mut changes: Vec<PlannedChange> =
        (0..70).map(|number| invite("acme", &format!("p{number:02}@acme.example"), "Admin")).collect();
    changes.push(removal("acme/{ac-1|2}", "ken@acme.example", "Admin"));
    let comment = markdown(&[with_changes(changes)], now(), &Style::default());
    assert!(comment.contains("| `acme` | 70 | 0 | 0 |\n| `acme/{ac-1\\|2}` | 0 | 0 | 1 |\n"), "{comment}");
    assert!(comment.contains("<details><summary>71 changes</summary>"), "{comment}");
}

#[test]
fn a_huge_plan_fits_into_a_comment_and_says_what_is_missing() {
    let mut plan = every_section();
    plan.changes = (0..5_000)
        .map(|number| removal("acme", &format!("person{number:04}@acme.example"), "Operator"))
        .collect();
    let comment = markdown(&[plan, ordinary()], now(), &Style::default());
    assert!(comment.len() <= MARKDOWN_LIMIT, "{}", comment.len());
    assert!(comment.contains("**Cut to fit into a comment: "), "{comment}");
    assert!(comment.contains("more lines are cut here."), "{comment}");
    assert!(comment.contains("orgform apply --release sha256:"), "what is loud stays: {comment}");
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
    assert!(comment.lines().filter(|line| line.starts_with("```")).count().is_multiple_of(2));
}

#[test]
fn no_name_becomes_markup() {
    let evil = "<img src=x onerror=alert(1)>`````\n</details>\n# @team [click](https://evil.example) | x |";
    let mut plan = with_changes(vec![PlannedChange {
        loses: strings(&[evil]),
        notes: strings(&[evil]),
        cause: Cause::Undeclared,
        ..change(ChangeKind::Update, role("acme", "x"), evil)
    }]);
    plan.kept = vec![kept(member("acme", "guest@partner.example"), evil, "unmanaged")];
    plan.refused = every_section().refused;
    plan.refused[0].because = evil.to_owned();
    plan.provider = evil.into();
    let report = orgform_plan::Report { provider: evil.into(), ..failed() };
    for comment in
        [markdown(&[plan], now(), &Style::default()), report_markdown(&[report], now(), &Style::default())]
    {
        let outside = outside_of_code(&comment);
        assert!(!outside.contains("<img"), "{outside}");
        assert!(!outside.contains("@team"), "{outside}");
        assert!(!outside.contains("evil.example"), "{outside}");
        assert_eq!(outside.matches("</details>").count(), outside.matches("<details>").count(), "{outside}");
    }
}

/// What a reader of Markdown does not take as code: a small reading of its own, fences and spans only.
fn outside_of_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<usize> = None;
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line.trim_start_matches('`').is_empty() => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => out.push_str(&(without_spans(line) + "\n")),
        }
    }
    assert_eq!(fence, None, "a fence is open at the end");
    out
}

fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let body = &rest[start + ticks..];
        let end = body
            .match_indices(&"`".repeat(ticks))
            .map(|(index, _)| index)
            .find(|index| !body[index + ticks..].starts_with('`') && !body[..*index].ends_with('`'));
        out.push_str(&rest[..start]);
        match end {
            Some(end) => rest = &body[end + ticks..],
            None => {
                out.push_str(&rest[start..start + ticks]);
                rest = body;
            }
        }
    }
    out.push_str(rest);
    out
}

#[test]
fn a_redacted_output_has_no_email_in_any_form() {
    let plans: Vec<Plan> = vec![ordinary(), every_change(), every_section(), converged()];
    let mut outputs = vec![
        json(&plans, now(), &redact()).to_string(),
        markdown(&plans, now(), &redact()),
        report_text(&failed(), now(), &redact()),
        report_json(&[failed()], now(), &redact()).to_string(),
        report_markdown(&[failed()], now(), &redact()),
    ];
    for color in [false, true] {
        outputs.extend(plans.iter().map(|plan| text(plan, now(), &Style { color, ..redact() })));
    }
    for output in outputs {
        for (index, _) in output.match_indices('@') {
            let before = &output[..index];
            let local = &before[before.len().saturating_sub(4)..];
            let is_short_form = local.chars().all(|digit| digit.is_ascii_hexdigit())
                && before[..index - local.len()].ends_with('…');
            let is_heading = output[index..].starts_with("@@") || before.ends_with('@');
            assert!(is_short_form || is_heading, "{}", &output[index.saturating_sub(40)..index + 20]);
        }
        for name in ["grace", "person01", "joan", "guest", "kim.lee", "ada@", "linus"] {
            assert!(!output.replace("people/grace.yaml", "").contains(name), "{name} in {output}");
        }
    }
}

#[test]
fn a_redacted_plan_reads_like_the_whole_one() {
    assert_snapshot!(text(&ordinary(), now(), &redact()));
}
