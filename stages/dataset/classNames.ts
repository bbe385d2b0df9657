/** What the classes of a dataset are called: (dataset, classes) -> one name a label; their numbers where none are known. */
import type { Dataset } from "../../schemas/Dataset.ts"

const digits = [..."0123456789"]

const named: Partial<Record<Extract<Dataset, string>, ReadonlyArray<string>>> = {
  // Xiao, Rasul and Vollgraf (2017)
  "fashion-mnist": [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
  // Clanuwat et al. (2018)
  kmnist: [..."おきすつなはまやれを"],
  // Cohen et al. (2017): cases together; in `balanced` only where they look alike.
  "emnist-letters": [..."abcdefghijklmnopqrstuvwxyz"],
  "emnist-balanced": [...digits, ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"],
}

export const classNames = (dataset: Dataset, classes: number): ReadonlyArray<string> =>
  (typeof dataset === "string" ? named[dataset] : undefined) ??
  Array.from({ length: classes }, (_, label) => String(label))
