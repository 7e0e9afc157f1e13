//! The one Rust archive of the product. Each module is one library behind a C ABI in `include/`.
//! No panic crosses the boundary: every entry runs inside `boundary::guard`.
mod boundary;
mod cedar;
mod cedar_abi;
mod grammar;
mod grammar_abi;
mod places;
mod reading;
mod reading_abi;
