/** The published name of a dataset, for people: "emnist-letters" -> "EMNIST Letters"; any other name is returned unchanged. */

const titles: Readonly<Record<string, string>> = {
  mnist: "MNIST",
  "fashion-mnist": "Fashion-MNIST",
  kmnist: "KMNIST",
  "emnist-digits": "EMNIST Digits",
  "emnist-letters": "EMNIST Letters",
  "emnist-balanced": "EMNIST Balanced",
  qmnist: "QMNIST",
}

export const datasetTitle = (name: string): string => (Object.hasOwn(titles, name) ? titles[name] : name)
