/** Kinds of photographs that differ by paper and by what lies around the digit: name -> how one is made. */
import { take } from "./camera.ts"
import {
  type Kind,
  black,
  circle,
  drawing,
  drawnHeight,
  drawnWidth,
  jpeg,
  line,
  onSheet,
  paper,
  place,
  png,
  rectangle,
  ruling,
  somewhere,
  view,
  white,
  withMarks,
  usual,
} from "./drawings.ts"

export const paperKinds: Readonly<Record<string, Kind>> = {
  "cropped to its edges": {
    ...usual,
    make: async (draw, digit) => {
      const height = Math.round(draw.between(120, 240))
      const margin = draw.integer(3)
      const size = { width: Math.round(digit.width * height) + 2 * margin, height: height + 2 * margin }
      const image = { ...size, svg: rectangle(0, 0, 9999, 9999, `fill="${white}"`) }
      const svg = image.svg + place(digit, black, size.width / 2, size.height / 2, height)
      return png(await take({ ...size, svg }, { ...size, noise: 1 }, draw))
    },
  },
  "form box": {
    ...usual,
    make: async (draw, digit) => {
      const height = draw.between(110, 190)
      const [halfWidth, halfHeight] = [
        (digit.width * height) / 2 + draw.between(14, 70),
        height / 2 + draw.between(14, 70),
      ]
      const [x, y] = [drawnWidth / 2, drawnHeight / 2]
      const style = `fill="none" stroke="${draw.pick(["#333", "#777", "#c33"])}" stroke-width="${draw.between(1.2, 5)}"`
      const box = rectangle(x - halfWidth, y - halfHeight, 2 * halfWidth, 2 * halfHeight, style)
      return jpeg(
        await take(
          drawing(paper(white), box, place(digit, black, x, y, height)),
          { ...view, angle: draw.between(-4, 4), noise: 2 },
          draw,
        ),
      )
    },
  },
  "squared paper": {
    ...usual,
    make: withMarks(
      ({ between, pick }) =>
        ruling(between(22, 46), pick(["#9fb6cc", "#8fa8b8", "#b9c4b4", "#6f7478"]), between(1, 2.2), true),
      ({ pick }) => pick([black, "#1c2470"]),
    ),
  },
  "lined paper": {
    ...usual,
    make: withMarks(({ between, pick }) =>
      [
        ruling(between(34, 60), pick(["#8fb0d8", "#9a9a9a", "#606468"]), between(1.2, 2.5), false),
        line(drawnWidth / 2 - 130, 0, drawnWidth / 2 - 130, drawnHeight, `stroke="#e08080" stroke-width="2"`),
      ].join(""),
    ),
  },
  "light on a dark sheet": {
    ...usual,
    make: async (draw, digit) => {
      const height = draw.between(120, 220)
      const margin = () => draw.between(16, 60)
      const colours = {
        around: draw.pick(["#ffffff", "#dcd6c8", "#a89878"]),
        sheet: draw.pick(["#000000", "#1c2b22", "#2a2a30"]),
        ink: "#f4f4f4",
      }
      const scene = onSheet(
        digit,
        height,
        colours,
        [margin(), margin(), margin(), margin()],
        draw.pick([0, 12]),
      )
      return png(await take(scene, { ...view, angle: draw.between(-4, 4), noise: 1 }, draw))
    },
  },
  "near the edge of its sheet": {
    ...usual,
    make: async (draw, digit) => {
      const height = draw.between(150, 230)
      const margins = [0, 1, 2, 3].map(() => draw.between(20, 60))
      margins[draw.integer(4)] = draw.between(5, 10)
      const [left, top, right, bottom] = margins
      const colours = {
        around: draw.pick(["#444444", "#6b4a2f", "#223344"]),
        sheet: "#fcfcfa",
        ink: "#0c0c0c",
      }
      const scene = onSheet(digit, height, colours, [left, top, right, bottom], draw.pick([0, 14]))
      return png(await take(scene, { ...view, angle: draw.between(-4, 4), noise: 1 }, draw))
    },
  },
  "coloured ink on coloured paper": {
    ...usual,
    make: async (draw, digit) => {
      const [ground, ink] = draw.pick([
        ["#f7e98a", "#c0392b"],
        ["#bfe3c0", "#1f4fa8"],
        ["#f5b7b1", "#0b6b3a"],
        ["#aed6f1", "#7d3c98"],
        ["#f8c471", "#1a5276"],
        ["#8fbf5f", "#c2452d"],
      ])
      const scene = drawing(paper(ground), somewhere(draw, digit, ink))
      return jpeg(await take(scene, { ...view, angle: draw.between(-3, 3), noise: 3 }, draw))
    },
  },
  "sheet on a desk": {
    ...usual,
    make: async (draw, digit) => {
      const height = draw.between(100, 170)
      const margins = [0, 1, 2, 3].map(() => draw.between(30, 70))
      const [left, top, right, bottom] = margins
      const colours = { around: draw.pick(["#6b4a2f", "#a07850", "#30343a"]), sheet: white, ink: black }
      const scene = onSheet(digit, height, colours, [left, top, right, bottom], 0)
      const grain = Array.from({ length: 30 }, (_, i) =>
        line(0, i * 24 + 5, drawnWidth, i * 24 + draw.between(-20, 30), `stroke="#0002" stroke-width="3"`),
      )
      // The grain of the wood lies below the sheet.
      const [ground, ...rest] = scene.svg.split(/(?=<rect)/)
      const svg = [ground, ...grain, ...rest].join("")
      const shot = { ...view, angle: draw.between(-9, 9), noise: 4, light: (x: number) => 0.8 + 0.2 * x }
      return jpeg(await take({ ...scene, svg }, shot, draw))
    },
  },
  "specks of dirt": {
    ...usual,
    make: withMarks(({ between }) =>
      Array.from({ length: 40 }, () =>
        circle(between(0, drawnWidth), between(0, drawnHeight), between(0.7, 4), `fill="#55503f"`),
      ).join(""),
    ),
  },
  "punched holes": {
    ...usual,
    make: withMarks(({ between }) => {
      const x = drawnWidth / 2 - view.width / 2 + between(14, 24)
      return [-90, 90]
        .map((dy) => circle(x, drawnHeight / 2 + dy, 11, `fill="#2a2520" stroke="#999" stroke-width="1"`))
        .join("")
    }),
  },
  "two-tone background": {
    ...usual,
    make: withMarks(({ between, pick }) => {
      const y = drawnHeight / 2 + pick([-1, 1]) * between(20, 150)
      return rectangle(0, y, drawnWidth, drawnHeight, `fill="${pick(["#cfc4b0", "#d8dde8", "#c8d8c8"])}"`)
    }),
  },
  "next to other writing": {
    ...usual,
    make: withMarks(({ between }) =>
      Array.from({ length: 14 }, (_, i) => {
        const x = drawnWidth / 2 - 150 + i * 22
        return line(
          x,
          drawnHeight / 2 - 205,
          x + between(-5, 9),
          drawnHeight / 2 - 189,
          `stroke="#444" stroke-width="3"`,
        )
      }).join(""),
    ),
  },
}
