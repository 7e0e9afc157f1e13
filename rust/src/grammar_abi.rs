//! The C entries of constrained decoding; `include/writ_grammar.h` is their contract.
use crate::boundary::{Receive, Sink, Text, guard};
use crate::grammar::{Grammar, Limits, Matcher, Vocabulary};
use std::ffi::c_void;

const NO: i32 = 0;
const YES: i32 = 1;
const FAILED: i32 = -1;

extern "C" fn ignore(_: *mut c_void, _: i32, _: *const u8, _: usize) {}

fn free<T>(object: *mut T) {
    guard(Sink::new(ignore, std::ptr::null_mut()), (), || {
        if !object.is_null() {
            drop(unsafe { Box::from_raw(object) });
        }
        Ok(())
    });
}

fn answer(yes: bool) -> i32 {
    if yes { YES } else { NO }
}

/// Runs `f` on a matcher; FAILED with one message for an error or a panic.
fn with<T>(matcher: *mut Matcher, receive: Receive, user: *mut c_void, f: T) -> i32
where
    T: FnOnce(&mut Matcher) -> Result<bool, String>,
{
    guard(Sink::new(receive, user), FAILED, || match unsafe { matcher.as_mut() } {
        Some(matcher) => f(matcher).map(answer),
        None => Err("null matcher".into()),
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_vocabulary_new(
    bytes: *const u8,
    ends: *const usize,
    count: usize,
    end_token: u32,
    receive: Receive,
    user: *mut c_void,
) -> *mut Vocabulary {
    guard(Sink::new(receive, user), std::ptr::null_mut(), || {
        if bytes.is_null() || ends.is_null() || count == 0 {
            return Err("a vocabulary without tokens".into());
        }
        let ends = unsafe { std::slice::from_raw_parts(ends, count) };
        let bytes = unsafe { std::slice::from_raw_parts(bytes, ends[count - 1]) };
        let mut begin = 0;
        let mut tokens = Vec::with_capacity(count);
        for &end in ends {
            tokens.push(bytes.get(begin..end).ok_or("the ends of the tokens do not rise")?.to_vec());
            begin = end;
        }
        Ok(Box::into_raw(Box::new(Vocabulary::new(tokens, end_token)?)))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_vocabulary_free(vocabulary: *mut Vocabulary) {
    free(vocabulary);
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_grammar_compile(
    vocabulary: *const Vocabulary,
    text: Text,
    limits: *const Limits,
    receive: Receive,
    user: *mut c_void,
) -> *mut Grammar {
    guard(Sink::new(receive, user), std::ptr::null_mut(), || unsafe {
        match (vocabulary.as_ref(), limits.as_ref()) {
            (Some(vocabulary), Some(limits)) => {
                Ok(Box::into_raw(Box::new(vocabulary.compile(text.get()?, *limits)?)))
            }
            _ => Err("null vocabulary or limits".into()),
        }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_grammar_free(grammar: *mut Grammar) {
    free(grammar);
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_matcher_new(
    grammar: *const Grammar,
    receive: Receive,
    user: *mut c_void,
) -> *mut Matcher {
    guard(Sink::new(receive, user), std::ptr::null_mut(), || unsafe {
        match grammar.as_ref() {
            Some(grammar) => Ok(Box::into_raw(Box::new(grammar.begin()?))),
            None => Err("null grammar".into()),
        }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_matcher_free(matcher: *mut Matcher) {
    free(matcher);
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_matcher_may_end(matcher: *mut Matcher, receive: Receive, user: *mut c_void) -> i32 {
    with(matcher, receive, user, |matcher| matcher.may_end())
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_matcher_allows(matcher: *mut Matcher, token: u32, receive: Receive, user: *mut c_void) -> i32 {
    with(matcher, receive, user, |matcher| matcher.allows(token))
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_matcher_mask(
    matcher: *mut Matcher,
    words: *mut u32,
    count: usize,
    receive: Receive,
    user: *mut c_void,
) -> i32 {
    with(matcher, receive, user, |matcher| {
        if words.is_null() {
            return Err("no room for a mask".into());
        }
        matcher.mask(unsafe { std::slice::from_raw_parts_mut(words, count) }).map(|()| true)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_matcher_accept(matcher: *mut Matcher, token: u32, receive: Receive, user: *mut c_void) -> i32 {
    with(matcher, receive, user, |matcher| matcher.accept(token).map(|()| true))
}
