//! A room: all of its figures, the last day of its air, what belongs to it.

use super::{Curve, RoomView, STEP, admitted, air, day, lately, notices, readings, view};
use crate::component::Notice;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::rooms::figure::{self, FigureView};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::extract::Path;

#[derive(Template)]
#[template(path = "rooms/room.html")]
struct RoomPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    /// The room, where it is registered.
    room: Option<RoomView<'a>>,
    figures: Vec<FigureView>,
    curves: Vec<Curve<'a>>,
}

pub(super) async fn page(cx: Cx, Path(code): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let room = cx.look(|look| admitted(look, &code))?;
        let readings = readings(cx, day(cx), STEP)?;
        let figures = figure::of_room(cx, &code, &readings);
        if room.is_none() && figures.is_empty() {
            return Err(PageError::NotFound);
        }
        let curves = air(cx, &code, &readings, &lately(cx));
        let title = room.as_ref().map_or_else(|| code.clone(), |room| room.title.clone());
        let room = room.map(|room| cx.look(|look| view(cx, look, &room, &readings))).transpose()?;
        let shell = Shell::new(cx, Some(Area::Rooms), title);
        cx.render(&RoomPage { cx, shell, notices: notices(cx, &readings), room, figures, curves })
    })
    .await
}
