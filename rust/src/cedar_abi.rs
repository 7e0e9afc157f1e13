//! The C entries of the Cedar engine; `include/writ_cedar.h` is their contract.
use crate::boundary::{Receive, Sink, Text, guard};
use crate::cedar::{Engine, Question, Scope, describe_problem};
use std::ffi::c_void;

const PROBLEM: i32 = 1;
const RULE: i32 = 2;
const MATCHED: i32 = 3;
const EVALUATION_ERROR: i32 = 4;

const DENY: i32 = 0;
const ALLOW: i32 = 1;
const FAILED: i32 = -1;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EntityName {
    kind: Text,
    id: Text,
}

impl EntityName {
    unsafe fn get<'a>(self) -> Result<(&'a str, &'a str), String> {
        unsafe { Ok((self.kind.get()?, self.id.get()?)) }
    }
}

#[repr(C)]
pub struct QuestionRef {
    principal: EntityName,
    action: Text,
    resource: EntityName,
    context: Text,
    entities: Text,
    whole_set: i32,
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_cedar_load(policies: Text, schema: Text, receive: Receive, user: *mut c_void) -> *mut Engine {
    let sink = Sink::new(receive, user);
    guard(sink, std::ptr::null_mut(), || {
        let (policies, schema) = unsafe { (policies.get()?, schema.get()?) };
        match Engine::load(policies, schema) {
            Ok(engine) => {
                engine.rules.iter().for_each(|rule| sink.put(RULE, &rule.to_string()));
                Ok(Box::into_raw(Box::new(engine)))
            }
            Err(problems) => {
                for problem in &problems {
                    sink.put(PROBLEM, &describe_problem(problem, policies, schema).to_string());
                }
                Ok(std::ptr::null_mut())
            }
        }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_cedar_free(engine: *mut Engine) {
    extern "C" fn ignore(_: *mut c_void, _: i32, _: *const u8, _: usize) {}
    guard(Sink::new(ignore, std::ptr::null_mut()), (), || {
        if !engine.is_null() {
            drop(unsafe { Box::from_raw(engine) });
        }
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_cedar_decide(
    engine: *const Engine,
    question: *const QuestionRef,
    receive: Receive,
    user: *mut c_void,
) -> i32 {
    let sink = Sink::new(receive, user);
    guard(sink, FAILED, || unsafe {
        let (engine, question) = match (engine.as_ref(), question.as_ref()) {
            (Some(engine), Some(question)) => (engine, question),
            _ => return Err("null engine or question".into()),
        };
        let answer = engine.decide(&Question {
            principal: question.principal.get()?,
            action: question.action.get()?,
            resource: question.resource.get()?,
            context: question.context.get()?,
            entities: question.entities.get()?,
            scope: if question.whole_set == 0 { Scope::Slice } else { Scope::WholeSet },
        })?;
        answer.matched.iter().for_each(|id| sink.put(MATCHED, id));
        answer.errors.iter().for_each(|error| sink.put(EVALUATION_ERROR, error));
        Ok(if answer.allow { ALLOW } else { DENY })
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn writ_cedar_panic(receive: Receive, user: *mut c_void) -> i32 {
    guard(Sink::new(receive, user), FAILED, || panic!("on purpose"))
}
