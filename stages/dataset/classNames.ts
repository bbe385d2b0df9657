/**
 * The names of a dataset's classes: (dataset, classes, names that the run recorded) -> one name for each label; the label
 * itself if no names are known.
 */
import type { Dataset } from "../../schemas/experiment/Dataset.ts"

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
  // Cohen et al. (2017): upper and lower case are one class; in `balanced` only for letters that look alike in both.
  "emnist-letters": [..."abcdefghijklmnopqrstuvwxyz"],
  "emnist-balanced": [...digits, ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"],
}

export const classNames = (
  dataset: Dataset,
  classes: number,
  recorded?: ReadonlyArray<string>,
): ReadonlyArray<string> =>
  recorded ??
  (typeof dataset === "string" ? named[dataset] : undefined) ??
  Array.from({ length: classes }, (_, label) => String(label))
