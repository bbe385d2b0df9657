/** Kinds of photographs that differ by pen, light, camera and file: name -> how one is made. */
import sharp from "sharp"
import { take } from "./camera.ts"
import {
  type Kind,
  black,
  drawing,
  drawnHeight,
  drawnWidth,
  jpeg,
  paper,
  place,
  png,
  shotOf,
  somewhere,
  white,
  usual,
  view,
} from "./drawings.ts"
import { roundPen } from "./handwriting.ts"

const smooth = (value: number) => 1 / (1 + Math.exp(-value))

export const lightKinds: Readonly<Record<string, Kind>> = {
  "plain paper": { ...usual, make: shotOf(() => ({ noise: 2 })) },
  hairlines: {
    hasMnist: false,
    pen: ({ between }) => ({
      width: between(0.09, 0.13),
      hairline: between(0.08, 0.14),
      nib: between(-0.9, 0.4),
    }),
    make: shotOf(() => ({ noise: 1, angle: 0 })),
  },
  "shadow across": {
    ...usual,
    make: shotOf(({ between }) => {
      const [direction, depth] = [between(0, 2 * Math.PI), between(0.4, 0.65)]
      const along = (x: number, y: number) =>
        (x - 0.5) * Math.cos(direction) + (y - 0.5) * Math.sin(direction)
      return { light: (x, y) => 1 - depth * Math.min(1, Math.max(0, 0.5 + along(x, y))), noise: 3 }
    }),
  },
  vignette: {
    ...usual,
    make: shotOf(({ between }) => {
      const depth = between(0.8, 1.3)
      return { light: (x, y) => 1 - depth * ((x - 0.5) ** 2 + (y - 0.5) ** 2), noise: 3 }
    }),
  },
  grain: { ...usual, make: shotOf(({ between }) => ({ noise: between(14, 26) })) },
  "JPEG artefacts": { ...usual, make: shotOf(() => ({ noise: 3 }), 12) },
  blur: { ...usual, make: shotOf(({ between }) => ({ blur: between(3, 6), noise: 2 })) },
  turned: {
    ...usual,
    make: shotOf(({ between, pick }) => ({ angle: pick([-1, 1]) * between(6, 10), noise: 2 })),
  },
  perspective: {
    ...usual,
    make: shotOf(({ between }) => ({ tilt: [between(-0.3, 0.3), between(-0.3, 0.3)], noise: 2 })),
  },
  "whiteboard with a reflection": {
    ...usual,
    make: async (draw, digit) => {
      const scene = drawing(
        paper("#dfe4e6"),
        somewhere(draw, digit, draw.pick(["#1d3fa5", "#b02020", "#202020"])),
      )
      const [cx, cy, size] = [draw.between(0, 1), draw.between(0, 1), draw.between(0.1, 0.2)]
      const glare = (x: number, y: number) =>
        60 * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * size ** 2))
      return jpeg(await take(scene, { ...view, glare, light: (_, y) => 0.85 + 0.1 * y, noise: 3 }, draw))
    },
  },
  "faint pencil": {
    ...usual,
    pen: ({ between }) => roundPen(between(0.03, 0.06)),
    make: async (draw, digit) => {
      const scene = drawing(paper("#f0efe9"), somewhere(draw, digit, draw.pick(["#bdbcb8", "#b0b0ac"])))
      const shot = { ...view, light: (x: number) => 1 - 0.2 * x, noise: 4 }
      return jpeg(await take(scene, shot, draw))
    },
  },
  "fine ball-pen": {
    hasMnist: false,
    pen: ({ between }) => roundPen(between(0.012, 0.025)),
    make: async (draw, digit) => {
      const scene = drawing(paper(white), somewhere(draw, digit, "#20308c", draw.between(150, 300)))
      return jpeg(await take(scene, { ...view, angle: draw.between(-3, 3), noise: 3 }, draw))
    },
  },
  "thick marker": {
    hasMnist: false,
    pen: ({ between }) => roundPen(between(0.15, 0.2)),
    make: shotOf(() => ({ noise: 3 })),
  },
  "transparent PNG": {
    ...usual,
    make: async (draw, digit) => {
      const ink = draw.pick(["#000", "#fff", "#1f4fa8"])
      const [width, height] = [280, 320]
      const body = place(digit, ink, width / 2, height / 2, draw.between(140, 260))
      const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`
      return png(sharp(Buffer.from(text)))
    },
  },
  "chalk on a blackboard": {
    ...usual,
    make: async (draw, digit) => {
      const scene = drawing(paper(draw.pick(["#20342a", "#26282b"])), somewhere(draw, digit, "#e4e6e0"))
      return jpeg(await take(scene, { ...view, light: (x) => 0.7 + 0.4 * x, noise: 6 }, draw))
    },
  },
  tiny: {
    ...usual,
    pen: ({ between }) => roundPen(between(0.09, 0.13)),
    make: async (draw, digit) => {
      const height = Math.round(draw.between(18, 36))
      const size = { width: Math.round(1.4 * height), height: Math.round(1.5 * height) }
      // Drawn large and shrunk, as a small picture is made.
      const scene = drawing(paper(white), place(digit, black, drawnWidth / 2, drawnHeight / 2, 280))
      const image = await take(scene, { width: 392, height: 420 }, draw)
      return png(image.resize({ ...size, fit: "fill" }))
    },
  },
  huge: {
    ...usual,
    make: async (draw, digit) => {
      const image = await take(
        drawing(paper(white), somewhere(draw, digit, black)),
        { ...view, noise: 3 },
        draw,
      )
      return jpeg(image.resize(4000, 4400), 70)
    },
  },
  "turned by EXIF": {
    ...usual,
    make: async (draw, digit) => {
      const image = await take(
        drawing(paper(white), somewhere(draw, digit, black)),
        { ...view, noise: 2 },
        draw,
      )
      const turned = sharp(await image.png().toBuffer()).rotate(90)
      // 8: to be shown turned by 270 degrees.
      return new Uint8Array(await turned.withMetadata({ orientation: 8 }).jpeg().toBuffer())
    },
  },
  "shadow of a hand": {
    ...usual,
    make: shotOf(({ between, pick }) => {
      const [cx, cy, r, depth] = [pick([0.1, 0.9]), between(0.6, 1), between(0.35, 0.55), between(0.25, 0.45)]
      // The edge of such a shadow is soft over some 5 % of the image.
      const light = (x: number, y: number) => 1 - depth * smooth((r - Math.hypot(x - cx, y - cy)) / 0.025)
      return { light, noise: 3 }
    }),
  },
}
