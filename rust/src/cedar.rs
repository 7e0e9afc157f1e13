//! A checked Cedar policy set: load with every problem named, slices by action, decisions.
use crate::places::{Statement, place, statement_at, statements};
use cedar_policy::ffi::DetailedError;
use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, EntityId, EntityTypeName, EntityUid, Policy,
    PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode, ValidationWarning, Validator,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::str::FromStr;

/// One thing wrong with a text. `policy` is empty for the schema and for text outside any policy.
pub struct Problem {
    pub source: &'static str,
    pub policy: String,
    pub offset: usize,
    pub message: String,
}

/// A problem as JSON: {source, policy, line, column, message}.
pub fn describe_problem(problem: &Problem, policies: &str, schema: &str) -> Value {
    let at = place(if problem.source == "schema" { schema } else { policies }, problem.offset);
    json!({"source": problem.source, "policy": problem.policy, "line": at.line, "column": at.column,
           "message": problem.message})
}

struct Slice {
    action: EntityUid,
    policies: PolicySet,
}

/// Immutable after load and usable from any thread.
pub struct Engine {
    schema: Schema,
    types: HashMap<String, EntityTypeName>, // EntityTypeName::from_str runs Cedar's whole parser
    slices: HashMap<String, Slice>,         // by the action's id
    whole: PolicySet,
    actions: Entities, // the store of every request: the schema's actions with their groups
    authorizer: Authorizer,
    pub rules: Vec<Value>,
}

const _: fn() = || {
    fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<Engine>();
};

pub enum Scope {
    Slice,
    WholeSet,
}

pub struct Question<'a> {
    pub principal: (&'a str, &'a str), // type, id
    pub action: &'a str,               // id
    pub resource: (&'a str, &'a str),
    pub context: &'a str,  // a JSON object
    pub entities: &'a str, // a JSON array in Cedar's entity format, or empty
    pub scope: Scope,
}

pub struct Answer {
    pub allow: bool,
    pub matched: Vec<String>, // satisfied permits when allowed, satisfied forbids when a forbid denied
    pub errors: Vec<String>,
}

impl Engine {
    pub fn load(policies: &str, schema: &str) -> Result<Self, Vec<Problem>> {
        let statements = statements(policies);
        let mut problems = Vec::new();
        let parsed = parse_policies(policies, &statements, &mut problems);
        let checked = parse_schema(schema, &mut problems);
        if let (Some(set), Some(schema)) = (&parsed, &checked) {
            validate(set, schema, &statements, &mut problems);
        }
        match (parsed, checked) {
            (Some(set), Some(schema)) if problems.is_empty() => Self::activate(set, schema, policies, &statements),
            _ => Err(problems),
        }
    }

    fn activate(whole: PolicySet, schema: Schema, text: &str, all: &[Statement]) -> Result<Self, Vec<Problem>> {
        let bad_schema = |e: &dyn Display| vec![schema_problem(e.to_string())];
        let actions = schema.action_entities().map_err(|e| bad_schema(&e))?;
        let action_types = schema.actions().map(|a| a.type_name());
        let types = schema.entity_types().chain(action_types).map(|t| (t.to_string(), t.clone())).collect();
        let mut slices = HashMap::new();
        let mut rules: BTreeMap<(usize, String), (Value, Vec<String>)> = BTreeMap::new(); // by place
        for policy in whole.policies() {
            rules.insert(rule_key(policy, all), (describe_policy(policy, text, all), Vec::new()));
        }
        for action in schema.actions() {
            let name = action.id().unescaped().to_owned();
            let mut policies = PolicySet::new();
            for policy in whole.policies().filter(|p| concerns(&p.action_constraint(), action, &actions)) {
                policies.add(policy.clone()).map_err(|e| bad_schema(&e))?;
                rules.entry(rule_key(policy, all)).and_modify(|(_, names)| names.push(name.clone()));
            }
            let slice = Slice { action: action.clone(), policies };
            if slices.insert(name.clone(), slice).is_some() {
                return Err(bad_schema(&format!("action {name:?} is declared in two namespaces")));
            }
        }
        let rules = rules.into_values().map(|(mut rule, mut names)| {
            names.sort();
            rule["actions"] = json!(names);
            rule
        });
        let rules = rules.collect();
        Ok(Self { schema, types, slices, whole, actions, authorizer: Authorizer::new(), rules })
    }

    /// Every ill-typed part of the question is an error: nothing is decided on half a request.
    pub fn decide(&self, ask: &Question) -> Result<Answer, String> {
        let unknown = || format!("action {:?} is not in the schema", ask.action);
        let slice = self.slices.get(ask.action).ok_or_else(unknown)?;
        let context = context_of(ask.context)?;
        let (principal, resource) = (self.entity(ask.principal)?, self.entity(ask.resource)?);
        let request = Request::new(principal, slice.action.clone(), resource, context, Some(&self.schema));
        let request = request.map_err(|e| flat(&e))?;
        let policies = match ask.scope {
            Scope::Slice => &slice.policies,
            Scope::WholeSet => &self.whole,
        };
        let response = if ask.entities.is_empty() {
            self.authorizer.is_authorized(&request, policies, &self.actions)
        } else {
            let store = Entities::from_json_str(ask.entities, Some(&self.schema)).map_err(|e| flat(&e))?;
            self.authorizer.is_authorized(&request, policies, &store)
        };
        let diagnostics = response.diagnostics();
        let errors: Vec<String> = diagnostics.errors().map(|e| e.to_string()).collect();
        Ok(Answer {
            // Cedar skips a policy that fails to evaluate, which for a forbid would open the door.
            allow: response.decision() == Decision::Allow && errors.is_empty(),
            matched: diagnostics.reason().map(|id| AsRef::<str>::as_ref(id).to_owned()).collect(),
            errors,
        })
    }

    fn entity(&self, (kind, id): (&str, &str)) -> Result<EntityUid, String> {
        let name = self.types.get(kind).ok_or_else(|| format!("entity type {kind:?} is not in the schema"))?;
        Ok(EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id)))
    }
}

/// Plain JSON to Cedar's values: object to record, array to set. The request then checks the types against the schema.
/// Cedar's own reader of context JSON does that twice: a decision of the default bundle took 62 µs with it, takes 17 so.
fn context_of(text: &str) -> Result<Context, String> {
    let Value::Object(members) = serde_json::from_str(text).map_err(|e| format!("context: {e}"))? else {
        return Err("context: not a JSON object".into());
    };
    Context::from_pairs(expressions(members)?).map_err(|e| flat(&e))
}

fn expressions(members: serde_json::Map<String, Value>) -> Result<Vec<(String, RestrictedExpression)>, String> {
    let named = |(name, value)| match expression(value) {
        Ok(value) => Ok((name, value)),
        Err(e) => Err(format!("context.{name}: {e}")),
    };
    members.into_iter().map(named).collect()
}

fn expression(value: Value) -> Result<RestrictedExpression, String> {
    match value {
        Value::Bool(value) => Ok(RestrictedExpression::new_bool(value)),
        Value::String(value) => Ok(RestrictedExpression::new_string(value)),
        Value::Number(n) => n.as_i64().map(RestrictedExpression::new_long).ok_or(format!("{n} is no 64-bit integer")),
        Value::Array(items) => {
            Ok(RestrictedExpression::new_set(items.into_iter().map(expression).collect::<Result<Vec<_>, _>>()?))
        }
        Value::Object(members) => RestrictedExpression::new_record(expressions(members)?).map_err(|e| flat(&e)),
        Value::Null => Err("null has no meaning: leave the attribute out".into()),
    }
}

fn concerns(constraint: &ActionConstraint, action: &EntityUid, actions: &Entities) -> bool {
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(one) => one == action,
        ActionConstraint::In(some) => some.iter().any(|one| one == action || actions.is_ancestor_of(one, action)),
    }
}

/// The parser numbers policies in the order of the text (`policy0`…); a policy's own name is its @id.
fn parse_policies(text: &str, all: &[Statement], problems: &mut Vec<Problem>) -> Option<PolicySet> {
    let parsed = match PolicySet::from_str(text) {
        Ok(parsed) => parsed,
        Err(e) => {
            problems.extend(flatten((&e).into()).map(|d| policy_problem(&d, all, None)));
            return None;
        }
    };
    let before = problems.len();
    let mut complain = |id: &PolicyId, message: String| {
        let statement = AsRef::<str>::as_ref(id).strip_prefix("policy").and_then(|n| n.parse::<usize>().ok());
        let statement = statement.and_then(|n| all.get(n));
        let policy = statement.and_then(|s| s.id.clone()).unwrap_or_default();
        problems.push(Problem { source: "policies", policy, offset: statement.map_or(0, |s| s.start), message });
    };
    for template in parsed.templates() {
        complain(template.id(), "templates (?principal, ?resource) are not supported: write a plain policy".into());
    }
    let mut named = PolicySet::new();
    for policy in parsed.policies() {
        match policy.annotation("id") {
            None | Some("") => complain(policy.id(), "a policy needs a name: add @id(\"…\")".into()),
            Some(id) => {
                if named.add(policy.new_id(PolicyId::new(id))).is_err() {
                    complain(policy.id(), format!("the name {id:?} is used by two policies"));
                }
            }
        }
    }
    (problems.len() == before).then_some(named)
}

fn parse_schema(text: &str, problems: &mut Vec<Problem>) -> Option<Schema> {
    match Schema::from_cedarschema_str(text) {
        Ok((schema, warnings)) => {
            let before = problems.len();
            problems.extend(warnings.map(|w| schema_problem(w.to_string())));
            (problems.len() == before).then_some(schema)
        }
        Err(e) => {
            problems.extend(flatten((&e).into()).map(|d| {
                let offset = d.source_locations.first().map_or(0, |l| l.loc.start);
                Problem { offset, ..schema_problem(sentence(&d)) }
            }));
            None
        }
    }
}

/// Warnings count as problems: a rule that can never apply, or hides text from its reader, is a mistake in a constitution.
/// Mixed scripts in a string are ordinary in many languages and pass.
fn validate(set: &PolicySet, schema: &Schema, all: &[Statement], problems: &mut Vec<Problem>) {
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    problems.extend(result.validation_errors().map(|e| policy_problem(&e.into(), all, Some(e.policy_id()))));
    let serious = result.validation_warnings().filter(|w| !matches!(w, ValidationWarning::MixedScriptString(_)));
    problems.extend(serious.map(|w| policy_problem(&w.into(), all, Some(w.policy_id()))));
    problems.sort_by_key(|p| p.offset);
}

fn schema_problem(message: String) -> Problem {
    Problem { source: "schema", policy: String::new(), offset: 0, message }
}

fn policy_problem(error: &DetailedError, all: &[Statement], policy: Option<&PolicyId>) -> Problem {
    let known = policy.map(|id| AsRef::<str>::as_ref(id).to_owned());
    let fallback = known.as_deref().map_or(0, |id| start_of(id, all));
    let offset = error.source_locations.first().map_or(fallback, |l| l.loc.start);
    let policy = known.or_else(|| statement_at(all, offset).and_then(|s| s.id.clone())).unwrap_or_default();
    Problem { source: "policies", policy, offset, message: sentence(error) }
}

fn start_of(id: &str, all: &[Statement]) -> usize {
    all.iter().find(|s| s.id.as_deref() == Some(id)).map_or(0, |s| s.start)
}

fn rule_key(policy: &Policy, all: &[Statement]) -> (usize, String) {
    let id: &str = policy.id().as_ref();
    (start_of(id, all), id.to_owned())
}

fn describe_policy(policy: &Policy, text: &str, all: &[Statement]) -> Value {
    let id: &str = policy.id().as_ref();
    let effect = match policy.effect() {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    };
    let annotations: BTreeMap<&str, &str> = policy.annotations().collect();
    let at = place(text, start_of(id, all));
    json!({"id": id, "effect": effect, "line": at.line, "column": at.column, "annotations": annotations})
}

fn flatten(error: DetailedError) -> impl Iterator<Item = DetailedError> {
    let mut all = vec![error];
    let related = std::mem::take(&mut all[0].related);
    all.extend(related);
    all.into_iter()
}

fn sentence(error: &DetailedError) -> String {
    match &error.help {
        Some(help) => format!("{} ({help})", error.message),
        None => error.message.clone(),
    }
}

fn flat<'a, E>(error: &'a E) -> String
where
    DetailedError: From<&'a E>,
{
    sentence(&DetailedError::from(error))
}
