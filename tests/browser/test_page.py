"""The page in a real browser: layout, console, links, accessibility, and what its script does."""

from importlib.resources import files

import pytest

WIDTHS = (390, 1280, 1920)
SCHEMES = ("light", "dark")
TABLE = "table.sortable:not(.text):not(.named):not(.times)"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_does_not_scroll_sideways(show, width):
    browser = show(width)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    shown, inner = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert inner == width
    assert shown <= inner


def test_the_console_stays_empty(show):
    assert show().get_log("browser") == []


def test_every_link_into_the_page_shows_its_target(show):
    browser = show()
    hidden = browser.execute_async_script(
        """
        const done = arguments[0], hidden = [];
        const links = [...document.querySelectorAll('main a[href^="#"], nav a[href^="#"]')];
        const follow = (i) => {
          if (i === links.length) return done(hidden);
          const target = links[i].getAttribute("href");
          location.hash = target;
          requestAnimationFrame(() => {
            const element = document.querySelector(target);
            if (!element || !element.checkVisibility()) hidden.push(target);
            follow(i + 1);
          });
        };
        follow(0);
        """
    )
    assert hidden == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_violation(show, width, scheme):
    package = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    axe = files(package).joinpath("axe.min.js").read_text(encoding="utf-8")
    browser = show(width, scheme)
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run().then(arguments[0])")
    assert len(found["passes"]) > 10
    assert [
        (violation["id"], violation["nodes"][0]["html"][:100]) for violation in found["violations"]
    ] == []


def test_the_contents_open_on_a_phone_without_a_script(show):
    browser = show(390, script=False)
    nav = browser.find_element("css selector", "nav")
    assert not nav.is_displayed()
    browser.find_element("css selector", ".menu summary").click()
    assert nav.is_displayed()


def test_the_contents_stay_in_sight_on_a_desk(show):
    browser = show(1280)
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    top, bottom = browser.execute_script(
        "const box = document.querySelector('nav').getBoundingClientRect();"
        "return [box.top, box.bottom]"
    )
    assert 0 <= top < bottom <= 900


def test_a_heading_sorts_its_table_both_ways(show):
    browser = show()
    button = browser.find_element("css selector", f"{TABLE} thead button")

    def column():
        return [
            cell.text
            for cell in browser.find_elements(
                "css selector", f"{TABLE} tbody th[scope=row]:first-child"
            )
        ]

    assert column() == ["50", "100"]  # as numbers, 50 is the smaller
    button.click()
    assert column() == ["50", "100"]
    button.click()
    assert column() == ["100", "50"]


def test_rows_that_say_their_place_are_sorted_by_it(show):
    browser = show()
    rows = browser.find_elements("css selector", f"{TABLE} tbody tr")
    for row, place in zip(rows, (10, 9), strict=True):  # as text, 10 is the smaller
        browser.execute_script("arguments[0].cells[0].dataset.order = arguments[1]", row, place)
    browser.find_element("css selector", f"{TABLE} thead button").click()
    cells = browser.find_elements("css selector", f"{TABLE} tbody th")
    assert [cell.get_attribute("data-order") for cell in cells] == ["9", "10"]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_result_is_in_sight_without_scrolling(show, width):
    seen, edge = show(width).execute_script(
        "const table = document.querySelector(arguments[0]);"
        "const edge = table.closest('.scroll').getBoundingClientRect().right;"
        "return [table.querySelector('tbody td').getBoundingClientRect().right, edge]",
        TABLE,
    )
    assert seen <= edge <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_settings_stay_while_results_scroll(show, width):
    before, after, result, scrolled = show(width).execute_script(
        "const table = document.querySelector(arguments[0]), frame = table.closest('.scroll');"
        "const left = (cell) => table.querySelector(cell).getBoundingClientRect().left;"
        "table.style.minWidth = '4000px';"
        "const [before, at] = [left('tbody th'), left('tbody td')];"
        "frame.scrollLeft = 500;"
        "return [before, left('tbody th'), left('tbody td') - at, frame.scrollLeft]",
        TABLE,
    )
    assert before == after
    assert result == -scrolled == -500


@pytest.mark.parametrize("width", WIDTHS)
def test_a_ledger_fits_whatever_its_columns(show, width):
    shown, inner = show(width).execute_script(
        "const table = document.querySelector('table.claims'), frame = table.closest('.scroll');"
        "for (const row of table.rows)"
        "  for (let i = 0; i < 3; i++) row.append(row.cells[2].cloneNode(true));"
        "return [frame.scrollWidth, frame.clientWidth]"
    )
    assert shown <= inner


@pytest.mark.parametrize("width", WIDTHS)
def test_the_type_of_a_figure_is_nine_pixels_high_at_least(show, width):
    scales = show(width).execute_script(
        "return [...document.querySelectorAll('main > .chapter figure img')].map("
        "(image) => image.getBoundingClientRect().width / image.getAttribute('width'))"
    )
    assert scales
    # 8 points, as tests/reporting/test_every_figure.py has it, are 8 * 96 / 72 pixels
    assert min(scales) * 8 * 96 / 72 >= 9


@pytest.mark.parametrize("width", WIDTHS)
def test_no_card_is_empty_below_its_last_line(show, width):
    browser = show(width)
    browser.execute_script(
        "const card = document.querySelector('.card'), other = card.cloneNode(true);"
        "other.append(...[...card.childNodes].map((node) => node.cloneNode(true)));"
        "card.after(other)"  # a longer one beside it
    )
    gaps = browser.execute_script(
        "return [...document.querySelectorAll('.card')].map((card) =>"
        "card.getBoundingClientRect().bottom"
        " - card.lastElementChild.getBoundingClientRect().bottom)"
    )
    assert len(gaps) == 2
    assert max(gaps) < 20  # its padding


def test_a_figure_opens_large_and_closes(show):
    browser = show()
    browser.execute_script("document.querySelector('a.enlarge').click()")
    dialog = browser.find_element("css selector", "dialog.viewer")
    assert dialog.is_displayed()
    browser.find_element("css selector", "dialog.viewer button").click()
    assert not dialog.is_displayed()


def test_nothing_but_comfort_is_lost_without_a_script(show):
    browser = show(script=False)
    for selector in ("#glance .card", TABLE, "table.claims", "a.enlarge img", "svg.dots"):
        assert browser.find_element("css selector", selector).is_displayed(), selector
    assert not browser.find_elements("css selector", "thead button")
