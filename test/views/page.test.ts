/**
 * The shell of every page: no value becomes markup, and nothing is loaded from elsewhere.
 */
import { percentTick } from "../../format/numbers.ts"
import { assert, describe, it } from "@effect/vitest"
import { timeTick } from "../../views/page/axis.ts"
import { html, Html } from "../../views/page/html.ts"
import { intervalChart } from "../../views/page/intervalChart.ts"
import { lineChart } from "../../views/page/lineChart.ts"
import { facts, notice, page } from "../../views/page/page.ts"
import { table } from "../../views/page/tables.ts"

const hostile = `"><script>alert('x')</script>&amp;\u001B[31m\u0000\uD800$'`
const escaped =
  "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;\uFFFD[31m\uFFFD\uFFFD$&#39;"

describe("html", () => {
  it("escapes text, but not Html", () => {
    assert.strictEqual(
      html`<p title="${hostile}">${hostile}</p>`.markup,
      `<p title="${escaped}">${escaped}</p>`,
    )
    assert.strictEqual(html`<p>${html`<b>${1}</b>`}${new Html("<hr>")}</p>`.markup, "<p><b>1</b><hr></p>")
  })

  it("joins lists and skips null and undefined", () => {
    assert.strictEqual(html`${["a", html`<i></i>`, null, undefined, [0, "b"]]}`.markup, "a<i></i>0b")
  })
})

describe("page", () => {
  it("escapes hostile text in every part of a page", () => {
    const chart = lineChart({
      alternative: hostile,
      x: { label: hostile },
      y: { label: hostile },
      series: [
        { name: hostile, points: [{ x: 0, y: 1, tooltip: hostile }], dots: true },
        { name: "other", points: [{ x: 1, y: 2 }] },
      ],
      events: [{ x: 0.5, tooltip: hostile }],
    })
    const whole = page({
      title: hostile,
      kind: hostile,
      lead: notice(hostile, [hostile]),
      sections: [
        {
          id: "one",
          title: hostile,
          content: [
            chart,
            facts([[hostile, hostile]]),
            table({ caption: hostile, columns: [hostile], rows: [[hostile]] }),
          ],
        },
      ],
    })
    assert.notInclude(whole, "<script")
    assert.notInclude(whole, "\u001B")
    assert.include(whole, `<h1>${escaped}</h1>`)
  })

  it("forbids scripts and external resources by a content security policy", () => {
    const whole = page({ title: "t", kind: "k", lead: "", sections: [] })
    assert.include(whole, "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert.notMatch(whole, /(?:src|href)="(?!#|data:)/)
  })

  it("links each section in the table of contents", () => {
    const whole = page({
      title: "t",
      kind: "k",
      lead: "",
      sections: [{ id: "a", title: "A & B", content: "" }],
    })
    assert.include(whole, '<a href="#a">A &amp; B</a>')
    assert.match(whole, /<h2 id="a"[^>]*>A &amp; B<\/h2>/)
  })
})

describe("table", () => {
  it("leaves out columns without content", () => {
    const markup = table({
      caption: "c",
      columns: ["a", "b", { name: "empty", numeric: true }, "d"],
      rows: [
        ["", 1, "–", null],
        ["", "", "", "x"],
      ],
    }).markup
    const heads = [...markup.matchAll(/<th scope="col"[^>]*>([^<]*)</g)].map(([, name]) => name)
    assert.deepStrictEqual(heads, ["a", "b", "d"])
    assert.notInclude(markup, "–")
  })
})

describe("intervalChart", () => {
  const estimate = { name: hostile, value: 1, low: 0.5, high: 2, filled: true, tooltip: hostile }

  it("draws estimates with and without an interval, and escapes hostile names", () => {
    const markup = intervalChart({
      alternative: hostile,
      x: { label: hostile },
      estimates: [estimate, { ...estimate, name: "B", low: null, high: null, filled: false }],
      at: 0,
    })?.markup
    assert.include(markup, `aria-label="${escaped}"`)
    assert.notInclude(markup, "<script")
    assert.notMatch(markup ?? "", /NaN|undefined/)
    assert.strictEqual(markup?.match(/<circle/g)?.length, 2)
  })

  it("returns null without estimates", () =>
    assert.isNull(intervalChart({ alternative: "", x: { label: "" }, estimates: [] })))
})

describe("lineChart", () => {
  const chart = (points: ReadonlyArray<{ readonly x: number; readonly y: number }>) =>
    lineChart({
      alternative: "error by iteration",
      x: { label: "iteration" },
      y: { label: "error", format: percentTick, scale: "magnitude" },
      series: [{ name: "error", points }],
    })?.markup ?? null

  it("returns null without points", () => assert.strictEqual(chart([]), null))

  it("is one image with an alternative text, in the colours of the page", () => {
    const markup = chart([
      { x: 1, y: 0.5 },
      { x: 2, y: 0.4 },
    ])
    assert.match(markup ?? "", /^\s*<svg role="img" aria-label="error by iteration"/)
    assert.include(markup, "var(--series-1)")
  })

  it("draws 0 at the bottom edge of a logarithmic axis, with a note", () => {
    const markup = chart([
      { x: 1, y: 0.5 },
      { x: 2, y: 0.01 },
      { x: 3, y: 0 },
    ])
    assert.include(markup, "error (log scale)")
    assert.include(markup, "Zero has no place on a logarithmic scale; it is drawn at the bottom edge.")
    assert.notMatch(markup ?? "", /NaN|Infinity/)
  })

  it("spreads accuracies near 100 % on a logarithmic scale of their complement, and draws 100 % at the top edge", () => {
    const accuracies = [0.9, 0.99, 0.995, 1]
    const markup = lineChart({
      alternative: "accuracy by iteration",
      x: { label: "iteration" },
      y: { label: "accuracy", format: percentTick, scale: "complement" },
      series: [{ name: "accuracy", points: accuracies.map((y, x) => ({ x, y })), dots: true }],
    })?.markup
    assert.include(markup, "accuracy (log scale of 1 − accuracy)")
    assert.include(markup, "100 % has no place on a logarithmic scale; it is drawn at the top edge.")
    for (const tick of ["90 %", "99 %"]) assert.include(markup, `>${tick}<`)
    const heights = [...(markup ?? "").matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, y]) => Number(y))
    assert.deepStrictEqual(
      heights,
      heights.toSorted((a, b) => b - a),
    )
    assert.isAbove(heights[0] - heights[1], heights[1] - heights[2])
    assert.isAbove(heights[1] - heights[2], 15)
  })

  it("labels points with their values", () => {
    const markup = lineChart({
      alternative: "learning rate by iteration",
      x: { label: "iteration" },
      y: { label: "learning rate", domain: [0, 2] },
      series: [{ name: "learning rate", points: [1, 2, 1].map((y, x) => ({ x, y })) }],
      labels: [{ x: 1, y: 2, text: "peak 2" }],
    })?.markup
    assert.include(markup, ">peak 2<")
  })

  it("labels times on a clock of 24 hours, and days or months on longer axes", () => {
    const at = Date.UTC(2026, 9, 4, 14, 30)
    const day = 86_400_000
    const ticks = [day / 1440, day / 2, 2 * day, 30 * day, 400 * day].map((length) =>
      timeTick(at, at + length)(new Date(at)),
    )
    assert.deepStrictEqual(ticks, ["14:30:00", "14:30", "Oct 4 14:30", "Oct 4", "Oct 2026"])
  })

  it("draws no chart of a single point", () => assert.isNull(chart([{ x: 1, y: 0.5 }])))

  it("draws a constant value, a single point, and a point that is not a number", () => {
    for (const points of [
      [
        { x: 1, y: 0.001 },
        { x: 2, y: 0.001 },
      ],
      [{ x: 1, y: 0 }],
      [
        { x: 1, y: Number.NaN },
        { x: 2, y: 3 },
      ],
    ]) {
      assert.notMatch(chart(points) ?? "", /NaN|Infinity/)
    }
  })
})
