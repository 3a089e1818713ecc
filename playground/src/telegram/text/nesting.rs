//! Makes entities nest as the service does: crossing entities are cut, formatting inside code is removed.

use super::entity::Entity;

/// Makes entities nest: removes formatting inside code and quotes inside quotes, and splits crossing
/// entities.
pub(super) fn nested(mut entities: Vec<Entity>) -> Vec<Entity> {
    entities.retain(|entity| entity.length > 0);
    sort(&mut entities);
    let (code, other): (Vec<Entity>, Vec<Entity>) = entities.into_iter().partition(Entity::is_code);
    let code = without_overlap(code);
    let (quotes, styles): (Vec<Entity>, Vec<Entity>) = other.into_iter().partition(Entity::is_quote);
    let mut result = without_overlap(quotes);
    for style in merged(styles) {
        // A quote may stand around a style or inside it, code may not stand inside anything but a quote.
        let mut pieces = vec![style];
        for piece in &code {
            pieces = pieces.into_iter().flat_map(|style| subtract(style, piece)).collect();
        }
        result.extend(pieces);
    }
    result.extend(code);
    sort(&mut result);
    cut_crossings(result)
}

/// Joins overlapping entities of one kind with equal fields.
fn merged(styles: Vec<Entity>) -> Vec<Entity> {
    let mut kept: Vec<Entity> = Vec::new();
    for style in styles {
        let same = |other: &&mut Entity| {
            other.kind == style.kind && other.extra == style.extra && style.offset < other.end()
        };
        match kept.iter_mut().find(same) {
            Some(other) => other.length = other.end().max(style.end()) - other.offset,
            None => kept.push(style),
        }
    }
    kept
}

/// Keeps the first of any overlapping entities.
fn without_overlap(entities: Vec<Entity>) -> Vec<Entity> {
    let mut kept: Vec<Entity> = Vec::new();
    for entity in entities {
        if kept.last().is_none_or(|last| entity.offset >= last.end()) {
            kept.push(entity);
        }
    }
    kept
}

/// Returns the parts of an entity outside another one.
fn subtract(entity: Entity, hole: &Entity) -> Vec<Entity> {
    if !overlap(&entity, hole) {
        return vec![entity];
    }
    let (start, end) = (entity.offset, entity.end());
    let piece =
        |from: usize, to: usize| Entity { offset: from, length: to.saturating_sub(from), ..entity.clone() };
    [piece(start, hole.offset.max(start)), piece(hole.end().min(end), end)]
        .into_iter()
        .filter(|piece| piece.length > 0)
        .collect()
}

/// Splits an entity that extends beyond the one in which it begins.
fn cut_crossings(entities: Vec<Entity>) -> Vec<Entity> {
    let mut result: Vec<Entity> = Vec::new();
    let mut todo = std::collections::VecDeque::from(entities);
    while let Some(entity) = todo.pop_front() {
        let border = result
            .iter()
            .filter(|outer| {
                outer.offset <= entity.offset && entity.offset < outer.end() && outer.end() < entity.end()
            })
            .map(Entity::end)
            .min();
        let Some(border) = border else {
            result.push(entity);
            continue;
        };
        let rest = Entity { offset: border, length: entity.end() - border, ..entity.clone() };
        result.push(Entity { length: border - entity.offset, ..entity });
        let at = todo.partition_point(|other| order(other) <= order(&rest));
        todo.insert(at, rest);
    }
    result
}

pub(super) fn overlap(a: &Entity, b: &Entity) -> bool {
    a.offset < b.end() && b.offset < a.end()
}

fn order(entity: &Entity) -> (usize, std::cmp::Reverse<usize>) {
    (entity.offset, std::cmp::Reverse(entity.length))
}

pub(super) fn sort(entities: &mut [Entity]) {
    entities.sort_by_key(order);
}
