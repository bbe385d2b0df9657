/** Draw a character, or upload an image: the probabilities of a model, computed by the server as the command predict does. */
import { percent, probability } from "../../format/numbers.ts"
import type { PredictAnswer } from "../messages.ts"
import { makeCanvas } from "./drawCanvas.ts"
import { element, fill, setText } from "./element.ts"
import { follow } from "./live.ts"
import { isProblem, requestJson } from "./request.ts"
import { setQuery, type View } from "./router.ts"
import { newestFirst } from "../../storage/runOrder.ts"
import { makeRunStore } from "./runStore.ts"

/** While somebody draws, a prediction so often. */
const everyMs = 150
const barsShown = 10

interface Model {
  readonly value: string
  readonly label: string
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const isImage = (file: File) => /^image\/(png|jpeg|webp)$/.test(file.type)

export const drawView = (url: URL): View => {
  const store = makeRunStore()
  const select = element("select", { id: "model" })
  const wanted = url.searchParams.get("model")
  const bars = element("ol", { class: "bars" })
  const verdict = element("p", { class: "prediction", role: "status" }, "Draw a character.")
  const seen = element("div", { class: "seen", hidden: true })
  const doubts = element("p", { class: "doubts" })
  const preparation = element("p", { class: "hint-line" })
  const upload = element("input", { type: "file", id: "upload", accept: "image/png,image/jpeg,image/webp" })
  let models: ReadonlyArray<Model> = []
  /** When the reader leaves the view. */
  const left = new AbortController()
  let source: Blob | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const show = (answer: PredictAnswer) => {
    const ranked = answer.classes
      .map((name, i) => ({ name, p: answer.probabilities[i] ?? 0, isFirst: i === answer.label }))
      .sort((a, b) => b.p - a.p)
    const shown =
      ranked.length <= barsShown
        ? answer.classes.map((name, i) => ({
            name,
            p: answer.probabilities[i] ?? 0,
            isFirst: i === answer.label,
          }))
        : ranked.slice(0, barsShown)
    fill(
      bars,
      shown.map(({ isFirst, name, p }) => {
        const fillBar = element("span", { class: "bar-fill" })
        fillBar.style.width = `${(100 * p).toFixed(2)}%`
        return element(
          "li",
          { "data-first": isFirst },
          element("span", { class: "bar-name" }, name),
          element("span", { class: "bar-track" }, fillBar),
          element("span", { class: "bar-value" }, probability(p)),
        )
      }),
    )
    setText(verdict, `${ranked[0].name}, ${probability(ranked[0].p)}`)
    setText(doubts, answer.doubts.length === 0 ? "" : `Doubtful: ${answer.doubts.join(", ")}.`)
    setText(preparation, sentence(answer.preparation))
    seen.hidden = answer.seen === ""
    fill(
      seen,
      element("img", {
        src: `data:image/png;base64,${answer.seen}`,
        alt: "The image as the network sees it",
        width: 112,
        height: 112,
      }),
      element("div", {}, element("strong", {}, "As the network sees it"), preparation),
    )
  }

  const fail = (text: string) => {
    setText(verdict, text)
    fill(bars)
    setText(doubts, "")
    seen.hidden = true
  }

  /** One request at a time: the first one loads the model, which a stroke meanwhile must not interrupt. */
  let isPredicting = false
  /** The drawing or the model has changed since the request that is under way. */
  let isOutdated = false
  const takeChange = (): Blob | undefined => {
    if (!isOutdated || left.signal.aborted) return undefined
    isOutdated = false
    return source
  }

  const predictOnce = async (model: string, image: Blob) => {
    const answer = await requestJson<PredictAnswer>(`/api/predict?model=${encodeURIComponent(model)}`, {
      method: "POST",
      body: image,
      headers: { "content-type": "application/octet-stream" },
      signal: left.signal,
    })
    if (left.signal.aborted || source === undefined || select.value !== model) return
    if (isProblem(answer)) fail(answer.problem)
    else show(answer)
  }

  const predict = async () => {
    isOutdated = true
    if (isPredicting) return
    isPredicting = true
    for (let image = takeChange(); image !== undefined; image = takeChange()) {
      if (select.value === "")
        fail("There is no finished run yet. As soon as there is one, its model predicts here.")
      else await predictOnce(select.value, image)
    }
    isPredicting = false
  }

  const canvas = makeCanvas({
    onChange: () => {
      timer ??= setTimeout(() => {
        timer = undefined
        void canvas.image().then((image) => {
          source = image
          return image === undefined ? fail("Draw a character.") : predict()
        })
      }, everyMs)
    },
  })

  const useFile = (file: File | undefined) => {
    if (file === undefined) return
    if (!isImage(file)) return fail(`Cannot read ${file.name}: expected a PNG, JPEG or WebP file.`)
    void canvas.show(file)
    source = file
    void predict()
  }
  upload.addEventListener("change", () => useFile(upload.files?.[0]))
  const onPaste = (event: ClipboardEvent) => useFile(event.clipboardData?.files[0])
  addEventListener("paste", onPaste)

  select.addEventListener("change", () => {
    setQuery(new URLSearchParams({ model: select.value }))
    void predict()
  })

  const drawModels = () => {
    const { champions, ensembles } = store.collections()
    const next: ReadonlyArray<Model> = [
      ...champions.flatMap(({ experiment, run }) =>
        run === null ? [] : [{ value: `champion:${experiment}`, label: `champion of ${experiment}` }],
      ),
      ...ensembles.flatMap(({ name, problem }) =>
        problem === null ? [{ value: `ensemble:${name}`, label: `ensemble ${name}` }] : [],
      ),
      ...newestFirst(
        store.rows().filter(({ state, testError }) => state === "finished" && testError !== null),
      ).map(({ experiment, id, testError }) => ({
        value: id,
        // The name first: on a phone the end is cut off.
        label: `${experiment}, test error ${percent(testError)} (${id})`,
      })),
    ]
    if (JSON.stringify(next) === JSON.stringify(models)) return
    const before = models.length === 0 ? wanted : select.value
    models = next
    fill(
      select,
      next.map(({ label, value }) => element("option", { value }, label)),
    )
    if (before !== null && next.some(({ value }) => value === before)) select.value = before
  }

  follow(["runs"], (message) => {
    if (message.kind !== "runs") return
    store.receive(message)
    drawModels()
  })

  return {
    title: "Draw",
    content: element(
      "div",
      { class: "view" },
      element(
        "div",
        { class: "view-head" },
        element("h1", {}, "Draw"),
        element(
          "p",
          { class: "lead" },
          "Draw a character, paste or upload an image, and see what a model reads in it.",
        ),
      ),
      element("p", { class: "tools" }, element("label", { for: "model" }, "Model"), select),
      element(
        "div",
        { class: "draw" },
        element(
          "div",
          {},
          canvas.element,
          element(
            "p",
            { class: "tools" },
            element("button", { type: "button", onclick: () => canvas.clear() }, "Clear"),
            element("label", { for: "upload", class: "button" }, "Upload an image"),
            upload,
          ),
        ),
        element("div", { class: "reading" }, verdict, bars, doubts, seen),
      ),
    ),
    close: () => {
      left.abort()
      clearTimeout(timer)
      removeEventListener("paste", onPaste)
    },
  }
}
