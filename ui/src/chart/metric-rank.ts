/** How much a metric reads like a result, from its name alone: validation before training, weights and machine statistics last. */
export function metricRank(name: string): number {
  if (/^(system|gpu|cpu|memory)|weight|grad|norm|param_/i.test(name)) return 4;
  if (/(^|[^a-z])(val|valid|validation|eval|test)/i.test(name)) return 0;
  if (/acc|f1|auc|score|reward|bleu|rouge|perplexity/i.test(name)) return 1;
  if (/loss|error|mse|mae/i.test(name)) return 2;
  return 3;
}
