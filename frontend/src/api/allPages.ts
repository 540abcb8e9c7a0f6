const PAGE_SIZE = 200;
const MAX_PAGES = 25;

/** All entries of a list that the service cuts into pages, at most `PAGE_SIZE * MAX_PAGES`. */
export async function allPages<T>(read: (page: { page: number; per_page: number }) => Promise<{ items: T[]; total: number }>): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { items, total } = await read({ page, per_page: PAGE_SIZE });
    found.push(...items);
    if (found.length >= total || items.length === 0) break;
  }
  return found;
}
