/** A sheet of paper to draw on, with mouse, pen or finger: (strokes) -> a PNG, dark on white, as a photograph of it would be. */
import { element } from "./element.ts"

const side = 320
const penWidth = 20

export interface DrawCanvas {
  readonly element: HTMLElement
  readonly clear: () => void
  /** A PNG of the drawing; undefined while the paper is empty. */
  readonly image: () => Promise<Blob | undefined>
  /** Shows an image in place of the drawing. */
  readonly show: (file: Blob) => Promise<void>
}

export const makeCanvas = ({ onChange }: { readonly onChange: () => void }): DrawCanvas => {
  const canvas = element("canvas", {
    class: "paper",
    width: side,
    height: side,
    role: "img",
    "aria-label": "Drawing area for mouse, pen and touch; with the keyboard, upload an image instead",
  })
  const context = canvas.getContext("2d")
  let isEmpty = true
  let last: { readonly x: number; readonly y: number } | undefined

  const blank = () => {
    if (context === null) return
    context.fillStyle = "#fff"
    context.fillRect(0, 0, side, side)
    context.strokeStyle = "#111"
    context.fillStyle = "#111"
    context.lineWidth = penWidth
    context.lineCap = "round"
    context.lineJoin = "round"
    isEmpty = true
  }
  blank()

  const placeOf = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect()
    return {
      x: ((event.clientX - box.left) / box.width) * side,
      y: ((event.clientY - box.top) / box.height) * side,
    }
  }
  const strokeTo = (x: number, y: number) => {
    if (context === null) return
    context.beginPath()
    context.moveTo(last?.x ?? x, last?.y ?? y)
    context.lineTo(x, y)
    context.stroke()
    last = { x, y }
    isEmpty = false
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return
    event.preventDefault()
    canvas.setPointerCapture(event.pointerId)
    last = undefined
    const { x, y } = placeOf(event)
    strokeTo(x, y)
    onChange()
  })
  canvas.addEventListener("pointermove", (event) => {
    if (last === undefined) return
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const { x, y } = placeOf(each)
      strokeTo(x, y)
    }
    onChange()
  })
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = undefined))

  return {
    element: canvas,
    clear: () => {
      blank()
      onChange()
    },
    image: () =>
      new Promise((resolve) => {
        if (isEmpty) resolve(undefined)
        else canvas.toBlob((image) => resolve(image ?? undefined), "image/png")
      }),
    show: async (file) => {
      blank()
      // An image that the browser cannot show is one that the server cannot read either, and says so.
      const bitmap = await createImageBitmap(file).catch(() => undefined)
      if (bitmap === undefined) return
      const scale = Math.min(side / bitmap.width, side / bitmap.height)
      const [width, height] = [bitmap.width * scale, bitmap.height * scale]
      context?.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height)
      bitmap.close()
    },
  }
}
