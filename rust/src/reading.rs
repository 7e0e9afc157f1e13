//! How one character reads: without what does not show, in its compatibility form, and as the letter it looks like.
//! The data are Unicode's (normalisation, UTS #39's confusables); rules of our own fill what those leave out.
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

/// What a character stands for in each form of a text. Equal to the character itself where nothing changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading {
    /// NFKC of the character, digits of all scripts in ASCII; "" for one that does not show.
    pub plain: String,
    /// NFKD without accents, each part as the ASCII character it looks like, if any.
    pub look: String,
    /// Another way to read it: I for l, or the letter that a tag character hides. Else as `look`.
    pub other: String,
}

/// First digits of the runs of ten decimal digits outside ASCII.
const ZEROS: [u32; 60] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
    0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
    0x16b50, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Runs of letters in the order of the alphabet, with the first letter: enclosed, and regional indicators.
const ALPHABETS: [(u32, char); 8] = [
    (0x249c, 'a'),
    (0x24b6, 'A'),
    (0x24d0, 'a'),
    (0x1f110, 'A'),
    (0x1f130, 'A'),
    (0x1f150, 'A'),
    (0x1f170, 'A'),
    (0x1f1e6, 'A'),
];

/// Runs of enclosed digits: first character, first value, length.
const ENCLOSED_DIGITS: [(u32, u32, u32); 7] =
    [(0x2460, 1, 9), (0x2474, 1, 9), (0x2488, 1, 9), (0x24f5, 1, 9), (0x2776, 1, 9), (0x2780, 1, 9), (0x278a, 1, 9)];

/// Look-alikes that UTS #39 does not carry to ASCII: small capitals, and letters of other alphabets as people use them.
const ADDED: &str = "\
ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz \
ßss ẞSS ɑa ɐa ʌa ɔc ǝe əe ɛe ɜ3 ɡg ɥh ıi ĸk ʍw ɯw ŋn ɹr ɾr ʃs ʇt ʋu ʎy ƨ2 ʒ3 \
вb гr з3 мm кk тt иu йu лn нh пn цu чu шw щw ъb ыbl эe юio яr єe ҽe ԑe \
αa βb δd εe ζz ηn θ0 ιi λa μu νv ξe πn σo ςs τt φo χx ψw ωw \
ΣE ΛA ΔA ΞE ΠN ΨW ΩO ИN ЙN ЛA ЯR ЭE ЄE ШW ЩW ЦU ЧY Гr \
ƀb ɓb đd ɖd ɗd ɇe ƒf ǥg ɠg ħh ɦh ɨi ɉj ƙk łl ɫl ɭl ɱm ɲn ɳn øo ɵo ƥp ɋq ɍr ɽr ʂs ŧt ƭt ʈt ʉu ⱱv ɏy ƴy ƶz ʐz ȥz \
₣F ₦N ₩W ₿B ₮T ₱P ₲G ₳A ₴S ₵C ₭K";

static ADDITIONS: LazyLock<HashMap<char, String>> = LazyLock::new(|| {
    ADDED
        .split_whitespace()
        .filter_map(|entry| {
            let mut chars = entry.chars();
            let from = chars.next()?;
            Some((from, chars.collect()))
        })
        .collect()
});

/// The ASCII letter or digit of each small capital's class of look-alikes.
static CLASSES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let mut out = HashMap::new();
    for (from, to) in ADDITIONS.iter() {
        out.insert(bare_skeleton(*from), to.clone());
    }
    // Characters that UTS #39 writes with several, such as m.
    for ascii in (0x21u8..0x7f).map(char::from) {
        let class = bare_skeleton(ascii);
        if class.chars().count() > 1 {
            out.insert(class, ascii.to_string());
        }
    }
    out
});

fn bare_skeleton(c: char) -> String {
    skeleton(c.encode_utf8(&mut [0; 4])).filter(|c| !is_accent(*c)).collect()
}

/// Characters of a text that a reader does not see: default-ignorable ones, controls, format characters.
fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_control() && !matches!(c, '\t'..='\r');
    }
    if c.is_control() {
        return c != '\u{85}';
    }
    skeleton(c.encode_utf8(&mut [0; 4])).next().is_none()
        || matches!(c, '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffc}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
            && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Marks over, under and through letters, of no script of their own. Vowel signs and the marks of kana are letters.
fn is_accent(c: char) -> bool {
    is_combining_mark(c)
        && (c.script() == Script::Inherited && !matches!(c, '\u{3099}' | '\u{309a}')
            || matches!(c, '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
                | '\u{5c4}'..='\u{5c5}' | '\u{5c7}'))
}

fn digit(c: char) -> Option<String> {
    let code = u32::from(c);
    let ten = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).map(|zero| code - zero);
    let enclosed = ENCLOSED_DIGITS.iter().find(|(first, _, count)| (*first..first + count).contains(&code));
    ten.or(enclosed.map(|(first, value, _)| code - first + value))
        .or(matches!(code, 0x24ea | 0x24ff | 0x1f10b | 0x1f10c).then_some(0))
        .and_then(|value| char::from_digit(value, 10))
        .map(String::from)
}

fn letter_of_alphabet(c: char) -> Option<String> {
    let code = u32::from(c);
    let (first, letter) = ALPHABETS.iter().find(|(first, _)| (*first..first + 26).contains(&code))?;
    char::from_u32(u32::from(*letter) + code - first).map(String::from)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

/// What a character that is no mark looks like, and how else it could be read.
fn looks_like(c: char) -> (String, Option<String>) {
    if c.is_ascii() {
        return (c.to_string(), None);
    }
    let class = bare_skeleton(c);
    let is_ascii = !class.is_empty() && class.is_ascii();
    if let Some(found) = digit(c) {
        let letter = is_ascii && class != found && class.chars().all(char::is_alphanumeric);
        return (found, letter.then_some(class));
    }
    if let Some(found) = letter_of_alphabet(c).or_else(|| ADDITIONS.get(&c).cloned()) {
        return (found, None);
    }
    // One class holds I, l, 1 and |.
    if class == "l" {
        let (first, second) = if c.is_uppercase() { ("I", "l") } else { ("l", "I") };
        return (first.into(), Some(second.into()));
    }
    if let Some(found) = CLASSES.get(&class) {
        return (found.clone(), None);
    }
    if is_ascii {
        return (class, None);
    }
    // The other case of the letter may have a look-alike where this one has none.
    let of_case = |other: Option<char>| {
        let other = other.filter(|o| *o != c)?;
        let added = ADDITIONS.get(&other).cloned();
        single(added.unwrap_or_else(|| bare_skeleton(other)).chars()).filter(char::is_ascii_alphabetic)
    };
    if let Some(letter) = of_case(single(c.to_uppercase())) {
        return (letter.to_ascii_lowercase().to_string(), None);
    }
    if let Some(letter) = of_case(single(c.to_lowercase())) {
        return (letter.to_ascii_uppercase().to_string(), None);
    }
    (c.to_string(), None)
}

/// None where the character stands for itself in every form.
pub fn reading(c: char) -> Option<Reading> {
    let itself = c.to_string();
    let read = |plain: &str, look: &str, other: &str| {
        Some(Reading { plain: plain.into(), look: look.into(), other: other.into() })
    };
    match c {
        '\u{e0020}'..='\u{e007e}' => {
            let tag = char::from_u32(u32::from(c) - 0xe0000).map(String::from).unwrap_or_default();
            return read("", "", &tag);
        }
        '\u{85}' | '\u{2028}' | '\u{2029}' => return read("\n", "\n", "\n"),
        '\u{1680}' | '\u{2800}' => return read(" ", " ", " "),
        _ => {}
    }
    if is_hidden(c) {
        return read("", "", "");
    }
    if c.is_ascii() {
        return None;
    }
    let plain = digit(c).unwrap_or_else(|| itself.nfkc().filter(|c| !is_hidden(*c)).collect());
    let (mut look, mut other) = (String::new(), String::new());
    let whole = digit(c).or_else(|| letter_of_alphabet(c)).or_else(|| ADDITIONS.get(&c).cloned()).is_some();
    let parts: String = if whole { itself.clone() } else { itself.nfkd().collect() };
    for part in parts.chars().filter(|c| !is_hidden(*c) && !is_accent(*c)) {
        let (first, second) = looks_like(part);
        other.push_str(second.as_deref().unwrap_or(&first));
        look.push_str(&first);
    }
    (plain != itself || look != itself || other != itself).then_some(Reading { plain, look, other })
}
