/** Takes a photograph: (drawing in SVG, what the camera and the light do to it) -> the bytes of a file. */
import sharp from "sharp"
import type { Draw } from "./draw.ts"

export interface Drawing {
  readonly width: number
  readonly height: number
  /** SVG elements in pixels. */
  readonly svg: string
}

/** How a drawing becomes an image. What is absent does nothing. */
export interface Shot {
  /** Pixels of the image; the drawing's centre is in its middle. */
  readonly width: number
  readonly height: number
  /** Degrees. */
  readonly angle?: number
  /** How much nearer one side is than the opposite one, horizontally and vertically; 0.2 is a strong perspective. */
  readonly tilt?: readonly [x: number, y: number]
  /** Share of the light at (x, y), which are 0 to 1. */
  readonly light?: (x: number, y: number) => number
  /** Gray levels that a reflection adds at (x, y). */
  readonly glare?: (x: number, y: number) => number
  /** Standard deviation of the blur in pixels. */
  readonly blur?: number
  /** Standard deviation in gray levels. */
  readonly noise?: number
}

export interface Pixels {
  readonly width: number
  readonly height: number
  /** RGB. */
  readonly data: Uint8Array
}

export const render = async ({ height, svg, width }: Drawing): Promise<Pixels> => {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${svg}</svg>`
  const { data } = await sharp(Buffer.from(text)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width, height, data }
}

/** The drawing seen by a camera that is turned and tilted, with bilinear interpolation; its edges continue outwards. */
const project = (from: Pixels, { angle = 0, height, tilt = [0, 0], width }: Shot): Float32Array => {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]
  const out = new Float32Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x + 0.5 - width / 2, y + 0.5 - height / 2]
      const depth = 1 + (tilt[0] * u) / width + (tilt[1] * v) / height
      const sx = Math.min(from.width - 1.001, Math.max(0, (cos * u + sin * v) / depth + from.width / 2 - 0.5))
      const sy = Math.min(
        from.height - 1.001,
        Math.max(0, (cos * v - sin * u) / depth + from.height / 2 - 0.5),
      )
      const [left, top] = [Math.floor(sx), Math.floor(sy)]
      const [right, below] = [sx - left, sy - top]
      for (let channel = 0; channel < 3; channel++) {
        const at = (dx: number, dy: number) => from.data[3 * ((top + dy) * from.width + left + dx) + channel]
        out[3 * (y * width + x) + channel] =
          (at(0, 0) * (1 - right) + at(1, 0) * right) * (1 - below) +
          (at(0, 1) * (1 - right) + at(1, 1) * right) * below
      }
    }
  }
  return out
}

const toBytes = (values: Float32Array) =>
  Uint8Array.from(values, (value) => Math.min(255, Math.max(0, Math.round(value))))

/** The image before it is encoded. */
export const take = async (drawing: Drawing, shot: Shot, draw: Draw) => {
  const { blur = 0, glare, height, light, noise = 0, width } = shot
  const values = project(await render(drawing), shot)
  for (let i = 0; i < values.length; i += 3) {
    const x = ((i / 3) % width) / width
    const y = Math.floor(i / 3 / width) / height
    for (let channel = 0; channel < 3; channel++) {
      values[i + channel] = values[i + channel] * (light?.(x, y) ?? 1) + (glare?.(x, y) ?? 0)
    }
  }
  const raw = { raw: { width, height, channels: 3 } } as const
  const lit = toBytes(values)
  const seen = blur === 0 ? lit : new Uint8Array(await sharp(lit, raw).blur(blur).raw().toBuffer())
  const grainy =
    noise === 0 ? seen : toBytes(Float32Array.from(seen, (value) => value + noise * draw.normal()))
  return sharp(grainy, raw)
}
