//! What rows would do, carried out on people and units that are decided about as the desk does.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use identity::{By, Command, State};
use model::Instant;
use moving::{Doing, Kind, Planned, plan, read};

/// A city with what was moved in so far.
#[derive(Default)]
struct City {
    state: State,
    drawn: u8,
    now: i64,
}

impl City {
    fn plan(&mut self, kind: Kind, text: &str) -> Vec<Planned> {
        let table = read(text.as_bytes()).unwrap();
        let now = Instant::from_micros(1_700_000_000_000_000).unwrap();
        let drawn = &mut self.drawn;
        let mut fresh = || {
            *drawn += 1;
            [*drawn; 16]
        };
        plan(kind, &table, (&self.state, None, now), &mut fresh).unwrap()
    }

    /// Plans, and carries out what is in order.
    fn move_in(&mut self, kind: Kind, text: &str) -> Vec<Doing> {
        let planned = self.plan(kind, text);
        for command in planned.iter().flat_map(|row| &row.commands) {
            self.obey(command);
        }
        planned.iter().map(|row| row.doing).collect()
    }

    fn obey(&mut self, command: &Command) {
        self.now += 1;
        let now = Instant::from_micros(1_700_000_000_000_000 + self.now).unwrap();
        let pack = pack();
        let roster = identity::Roster::new(&self.state, &pack, now);
        let events = identity::decide(roster, &By::Console, command).unwrap();
        for event in &events {
            self.state.apply(event).unwrap();
        }
    }
}

fn pack() -> regulation::Pack {
    let folder = regulation::Folder::new(std::path::Path::new("../../regulations/taichung-2001"));
    regulation::load(&folder).unwrap()
}

const UNITS: &str = "代碼,中文名稱,英文名稱,上級單位代碼\n110,資訊中心,Computing,100\n100,市政府,City,\n111,機房組,Rooms,110\n";

#[test]
fn units_are_made_after_those_above_them_and_the_same_file_does_nothing_then() {
    let mut city = City::default();
    assert_eq!(city.move_in(Kind::Units, UNITS), [Doing::Create; 3]);
    let above = city.state.unit_of_code("111").and_then(|unit| city.state.above(unit).next());
    assert_eq!(above, city.state.unit_of_code("110"));
    assert_eq!(city.move_in(Kind::Units, UNITS), [Doing::Nothing; 3]);
    let renamed = UNITS.replace("Computing", "IT");
    let doing = city.move_in(Kind::Units, &renamed);
    assert_eq!(doing.iter().filter(|one| **one == Doing::Change).count(), 1);
    assert_eq!(city.state.unit(city.state.unit_of_code("110").unwrap()).unwrap().names.en.as_str(), "IT");
}

#[test]
fn what_is_wrong_with_a_unit_is_told_at_its_cell() {
    let mut city = City::default();
    city.move_in(Kind::Units, UNITS);
    let heads = "code,zh,en,above\n";
    for (row, column, part) in [
        ("a b,甲,A,100", 0, "a b"),
        ("120,,A,100", 1, "is not"),
        ("120,甲,,100", 2, "is not"),
        ("120,甲,A,999", 3, "no unit \"999\""),
        ("120,甲,A,", 3, "topmost"),
    ] {
        let planned = city.plan(Kind::Units, &format!("{heads}{row}\n"));
        let wrong = &planned[0].wrong;
        assert_eq!((planned[0].doing, wrong.len()), (Doing::Wrong, 1), "{row}: {wrong:?}");
        assert_eq!(wrong[0].column, Some(column), "{row}");
        assert!(wrong[0].told.en.contains(part), "{row}: {}", wrong[0].told);
        assert!(planned[0].commands.is_empty());
    }
    let planned = city.plan(Kind::Units, &format!("{heads}121,甲,A,122\n122,乙,B,121\n"));
    assert!(planned.iter().all(|row| row.wrong.iter().any(|wrong| wrong.told.en.contains("circle"))));
    let planned = city.plan(Kind::Units, &format!("{heads}121,甲,A,100\n121,甲,A,100\n"));
    assert!(planned[1].wrong[0].told.en.contains("twice"));
}

const PEOPLE: &str = "帳號,姓名,職稱,電子郵件,電話,單位代碼\n\
                      wang,王小明,技士,wang@city.example,,110\nlin,林大同,科員,lin@city.example,02-1234,111\n";

#[test]
fn people_are_known_by_their_account() {
    let mut city = City::default();
    city.move_in(Kind::Units, UNITS);
    assert_eq!(city.move_in(Kind::People, PEOPLE), [Doing::Create; 2]);
    assert_eq!(city.move_in(Kind::People, PEOPLE), [Doing::Nothing; 2]);
    assert_eq!(city.move_in(Kind::People, &PEOPLE.replace("科員", "股長")), [Doing::Nothing, Doing::Change]);
    let lin = city.state.person_of_login("lin").unwrap();
    city.obey(&Command::RecordLeaving { person: lin });
    let planned = city.plan(Kind::People, PEOPLE);
    assert_eq!(planned[1].doing, Doing::Wrong);
    assert!(planned[1].wrong[0].told.en.contains("has left"));
    // Who is not in the table stays as they are.
    let without = PEOPLE.lines().next().unwrap();
    assert!(city.plan(Kind::People, &format!("{without}\n")).is_empty());
    assert!(city.state.person(city.state.person_of_login("wang").unwrap()).unwrap().here());
}

#[test]
fn what_is_wrong_with_a_person_is_told_at_its_cell() {
    let mut city = City::default();
    city.move_in(Kind::Units, UNITS);
    let heads = "login,name,title,mail,phone,unit\n";
    for (row, column) in [
        ("WANG,王,士,a@b.example,,110", 0),
        ("admin,王,士,a@b.example,,110", 0),
        (",王,士,a@b.example,,110", 0),
        ("wang,,士,a@b.example,,110", 1),
        ("wang,王,,a@b.example,,110", 2),
        ("wang,王,士,ab.example,,110", 3),
        ("wang,王,士,a@b.example,nothing,110", 4),
        ("wang,王,士,a@b.example,,999", 5),
    ] {
        let planned = city.plan(Kind::People, &format!("{heads}{row}\n"));
        let columns: Vec<_> = planned[0].wrong.iter().map(|wrong| wrong.column).collect();
        assert_eq!(columns, [Some(column)], "{row}: {:?}", planned[0].wrong);
    }
    let planned = city
        .plan(Kind::People, &format!("{heads}wang,王,士,a@b.example,,110\nWang,王,士,a@b.example,,110\n"));
    assert!(planned[1].wrong.iter().any(|wrong| wrong.told.en.contains("twice")));
}

#[test]
fn roles_are_granted_where_they_are_not_held() {
    let mut city = City::default();
    city.move_in(Kind::Units, UNITS);
    let text = "login,name,title,mail,unit,roles\nwang,王,士,a@b.example,110,operator; maintainer@111\n";
    let pack = pack();
    let now = Instant::from_micros(1_700_000_001_000_000).unwrap();
    let table = read(text.as_bytes()).unwrap();
    let planned =
        |city: &City| plan(Kind::People, &table, (&city.state, Some(&pack), now), &mut || [200; 16]).unwrap();
    let first = planned(&city);
    assert_eq!((first[0].doing, first[0].commands.len()), (Doing::Create, 3), "{:?}", first[0].wrong);
    for command in &first[0].commands {
        city.obey(command);
    }
    assert_eq!(planned(&city)[0].doing, Doing::Nothing);
    let unknown = read(text.replace("operator", "king").as_bytes()).unwrap();
    let refused = plan(Kind::People, &unknown, (&city.state, Some(&pack), now), &mut || [201; 16]).unwrap();
    assert!(
        refused[0].wrong[0].told.en.contains("no role \"king\"") && refused[0].wrong[0].column == Some(5)
    );
}

#[test]
fn terminals_are_known_by_their_certificate() {
    let mut city = City::default();
    city.move_in(Kind::Units, UNITS);
    let print = "ab".repeat(32);
    let text = format!("名稱,憑證指紋,單位代碼,管理終端機\n櫃台一,{print},110,是\n");
    assert_eq!(city.move_in(Kind::Terminals, &text), [Doing::Create]);
    assert_eq!(city.move_in(Kind::Terminals, &text), [Doing::Nothing]);
    let other = city.plan(Kind::Terminals, &text.replace("櫃台一", "櫃台二"));
    assert!(other[0].wrong[0].told.en.contains("registered otherwise"));
    for (row, column) in [
        (format!("甲,{print}x,,"), 1),
        (format!("甲,{print},999,"), 2),
        (format!("甲,{},,也許", "cd".repeat(32)), 3),
    ] {
        let planned = city.plan(Kind::Terminals, &format!("name,fingerprint,unit,management\n{row}\n"));
        assert_eq!(planned[0].wrong[0].column, Some(column), "{row}: {:?}", planned[0].wrong);
    }
}
