//! How plans and reports read, what they hide, and what a plan file agrees to.

mod file;
mod forms;
mod plans;
mod reports;
mod text;
