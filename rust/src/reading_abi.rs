//! The C entry of readings; `include/writ_reading.h` is its contract.
use crate::boundary::{Receive, Sink, guard};
use crate::reading::reading;
use std::ffi::c_void;

const PAGE: u32 = 256;
const FAILED: i32 = -1;
/// Between the three readings; no reading holds a control character.
const BETWEEN: char = '\u{1f}';

#[unsafe(no_mangle)]
pub extern "C" fn writ_reading_page(page: u32, receive: Receive, user: *mut c_void) -> i32 {
    let sink = Sink::new(receive, user);
    guard(sink, FAILED, || {
        let first = page.checked_mul(PAGE).ok_or("there is no such page")?;
        for c in (first..first + PAGE).filter_map(char::from_u32) {
            if let Some(read) = reading(c) {
                let text = format!("{}{BETWEEN}{}{BETWEEN}{}", read.plain, read.look, read.other);
                sink.put((u32::from(c) - first) as i32, &text);
            }
        }
        Ok(0)
    })
}
