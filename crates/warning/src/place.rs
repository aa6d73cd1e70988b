//! Where the installation is, and whether an area holds it.
//!
//! Invariant: an area that says nothing of where it is holds nothing; one part that holds the place is enough.
//! Source: CAP 1.2, §3.2.4 (area): polygons of WGS 84, circles in kilometres, geocodes.

use crate::alert::{Area, Point};

/// Where the installation is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// The point, where it is known.
    pub point: Option<Point>,
    /// Codes of the areas it lies in: which list, and the code.
    pub geocodes: Vec<(String, String)>,
}

/// The mean radius of the earth, in kilometres.
const EARTH: f64 = 6_371.008_8;

impl Place {
    /// Does an area hold it?
    #[must_use]
    pub fn is_in(&self, area: &Area) -> bool {
        let named = area.geocodes.iter().any(|(list, code)| {
            self.geocodes.iter().any(|(ours, of_us)| ours.eq_ignore_ascii_case(list) && of_us == code)
        });
        named
            || self.point.is_some_and(|point| {
                let near = |(centre, radius): &(Point, f64)| distance(*centre, point) <= *radius;
                area.circles.iter().any(near) || area.polygons.iter().any(|polygon| holds(polygon, point))
            })
    }
}

/// Kilometres between two points, over the great circle.
fn distance(one: Point, other: Point) -> f64 {
    let (from, to) = (one.latitude.to_radians(), other.latitude.to_radians());
    let (north, east) = (to - from, (other.longitude - one.longitude).to_radians());
    let part = (north / 2.0).sin().powi(2) + from.cos() * to.cos() * (east / 2.0).sin().powi(2);
    2.0 * EARTH * part.clamp(0.0, 1.0).sqrt().asin()
}

/// Does a polygon hold a point, its border with it? As on a flat map, as such polygons are drawn; none crosses the
/// meridian of 180 degrees.
fn holds(polygon: &[Point], point: Point) -> bool {
    let mut inside = false;
    for (one, other) in polygon.iter().zip(polygon.iter().skip(1)) {
        let (a, b) = (one.latitude - point.latitude, other.latitude - point.latitude);
        let (east, to) = (one.longitude - point.longitude, other.longitude - point.longitude);
        let cross = east * b - to * a;
        let beside = (a <= 0.0 && b >= 0.0 || a >= 0.0 && b <= 0.0)
            && (east <= 0.0 && to >= 0.0 || east >= 0.0 && to <= 0.0);
        if cross == 0.0 && beside {
            return true;
        }
        // A ray to the east crosses the side.
        if (a > 0.0) != (b > 0.0) && east - a * (to - east) / (b - a) > 0.0 {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALL: Point = Point { latitude: 24.1618, longitude: 120.6469 };

    fn at(latitude: f64, longitude: f64) -> Point {
        Point { latitude, longitude }
    }

    fn square(by: f64) -> Vec<Point> {
        [(-by, -by), (-by, by), (by, by), (by, -by), (-by, -by)]
            .map(|(north, east)| at(HALL.latitude + north, HALL.longitude + east))
            .into()
    }

    #[test]
    fn an_area_holds_the_place_by_any_of_its_parts_and_by_nothing_else() {
        let place = Place {
            point: Some(HALL),
            geocodes: vec![("Taiwan_Geocode_103".to_owned(), "66000".to_owned())],
        };
        let code = |list: &str, code: &str| Area {
            geocodes: vec![(list.to_owned(), code.to_owned())],
            ..Area::default()
        };
        assert!(!place.is_in(&Area { description: "臺中市".to_owned(), ..Area::default() }));
        assert!(place.is_in(&code("taiwan_geocode_103", "66000")));
        assert!(!place.is_in(&code("Taiwan_Geocode_103", "6600")) && !place.is_in(&code("FIPS", "66000")));
        // Taipei is 132 kilometres away.
        let taipei = at(25.0375, 121.5637);
        let circle = |radius| Area { circles: vec![(taipei, radius)], ..Area::default() };
        assert!(place.is_in(&circle(136.0)) && !place.is_in(&circle(130.0)));
        let polygon = |polygon| Area { polygons: vec![polygon], ..Area::default() };
        assert!(place.is_in(&polygon(square(0.1))));
        assert!(
            !place.is_in(&polygon(square(0.1).iter().map(|p| at(p.latitude + 0.2, p.longitude)).collect()))
        );
        assert!(!Place::default().is_in(&polygon(square(0.1))), "nobody knows where we are");
        let unnamed = Place { point: Some(HALL), ..Place::default() };
        assert!(!unnamed.is_in(&code("Taiwan_Geocode_103", "66000")));
    }

    proptest! {
        #[test]
        fn a_rectangle_holds_what_lies_between_its_sides(
            north in -2.0f64..2.0, east in -2.0f64..2.0, by in 0.1f64..1.5,
        ) {
            prop_assume!((north.abs() - by).abs() > 1e-6 && (east.abs() - by).abs() > 1e-6);
            let point = at(HALL.latitude + north, HALL.longitude + east);
            prop_assert_eq!(holds(&square(by), point), north.abs() < by && east.abs() < by);
        }
    }
}
