//! Where policies stand in their text: statements, their names, lines and columns.

/// One policy statement, from its first annotation or keyword to its semicolon.
pub struct Statement {
    pub start: usize,
    pub end: usize,
    /// The value of `@id("…")`, if the statement has one without escapes.
    pub id: Option<String>,
}

/// Line and column, both from 1; the column counts characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

pub fn place(text: &str, offset: usize) -> Place {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// Splits policy text at the semicolons outside strings and comments. It also works on text that does not parse,
/// so that an error can name the policy it is in.
pub fn statements(text: &str) -> Vec<Statement> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut start = None;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'/' if bytes.get(i + 1) == Some(&b'/') => {
                i = text[i..].find('\n').map_or(bytes.len(), |n| i + n);
                continue;
            }
            b'"' => {
                start.get_or_insert(i);
                i = string_end(bytes, i);
                continue;
            }
            b';' => {
                let from = start.take().unwrap_or(i);
                found.push(Statement { start: from, end: i + 1, id: id_of(&text[from..i]) });
            }
            c if !c.is_ascii_whitespace() => {
                start.get_or_insert(i);
            }
            _ => {}
        }
        i += 1;
    }
    if let Some(from) = start {
        found.push(Statement { start: from, end: bytes.len(), id: id_of(&text[from..]) });
    }
    found
}

/// The statement that holds `offset`, else the next one, else the last one.
pub fn statement_at(all: &[Statement], offset: usize) -> Option<&Statement> {
    all.iter().find(|s| offset < s.end).or(all.last())
}

fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut i = open + 1;
    while i < bytes.len() && bytes[i] != b'"' {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(bytes.len())
}

fn id_of(statement: &str) -> Option<String> {
    let after = statement[statement.find("@id")? + "@id".len()..].trim_start().strip_prefix('(')?;
    let value = after.trim_start().strip_prefix('"')?;
    Some(value[..value.find('"')?].to_owned())
}
