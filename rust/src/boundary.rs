//! What crosses the C boundary: borrowed text, the sink that receives answers, and the guard that stops panics.
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

/// UTF-8 text that the caller owns; borrowed for the time of one call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    data: *const u8,
    size: usize,
}

impl Text {
    /// # Safety
    /// `data` points to `size` readable bytes that outlive `'a`, or `size` is 0.
    pub unsafe fn get<'a>(self) -> Result<&'a str, String> {
        if self.size == 0 {
            return Ok("");
        }
        if self.data.is_null() {
            return Err("text of non-zero size without data".into());
        }
        let bytes = unsafe { std::slice::from_raw_parts(self.data, self.size) };
        std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))
    }
}

/// The caller's function for answers. It must not throw and must copy what it wants to keep.
pub type Receive = extern "C" fn(user: *mut c_void, kind: i32, data: *const u8, size: usize);

#[derive(Clone, Copy)]
pub struct Sink {
    receive: Receive,
    user: *mut c_void,
}

impl Sink {
    pub fn new(receive: Receive, user: *mut c_void) -> Self {
        Self { receive, user }
    }
    pub fn put(&self, kind: i32, text: &str) {
        (self.receive)(self.user, kind, text.as_ptr(), text.len());
    }
}

/// The kinds of message that every module shares; the header of each module repeats them.
pub const FAILURE: i32 = -1;
pub const PANIC: i32 = -2;

/// Runs `f`; an error becomes one message of kind FAILURE, a panic one of kind PANIC, and the value is `failed`.
pub fn guard<T>(sink: Sink, failed: T, f: impl FnOnce() -> Result<T, String>) -> T {
    // The default hook prints to stderr and may take a backtrace; the message goes to the caller instead.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(value)) => return value,
        Ok(Err(message)) => sink.put(FAILURE, &message),
        Err(payload) => {
            let text = match payload.downcast::<&str>() {
                Ok(text) => text.to_string(),
                Err(payload) => match payload.downcast::<String>() {
                    Ok(text) => *text,
                    // Dropping an unknown payload runs foreign code that could panic again: rare enough to leak.
                    Err(payload) => {
                        std::mem::forget(payload);
                        "of unknown type".to_owned()
                    }
                },
            };
            sink.put(PANIC, &text);
        }
    }
    failed
}
