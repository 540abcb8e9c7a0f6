// One text for each code of the findings on data; the parameters come from the service.
export default {
  averaged_duplicates: "Rows with other values than another row of the same time: {rows}. The mean of both is used: {places}.",
  card_note: "Note of the dataset card: {note}.",
  declared_defect: "Declared by the dataset card, {start} to {end}: {reason}; {masked} values are masked.",
  filled_duplicates: "Rows that filled values missing in another row of the same time: {rows}, at {places}.",
  gaps: "Gaps without any value: {count}, with {rows} rows in all and at most {longest} in a row. Longest first, with their rows: {places}. Gaps are not filled.",
  identical_duplicates: "Rows identical to another row of the same time, which were dropped: {rows}, at {places}.",
  missing_values: "Missing values: {values}, in {channels}. They are ignored in training and scores.",
  outliers: "Unusual values in {channel}: {count}, of which {masked} are left out of the training: {places}.",
  outliers_kept: "Unusual values in {channel}: {count}, namely {places}. They are kept. If they are errors, correct the file, or let the training treat outliers as missing.",
  outliers_in_other_channels: "Unusual values in other channels: {count}, in {channels} of them.",
  rows_left_out_of_grid: "Rows between the steps of the time grid, which were left out: {rows}.",
  rows_moved_to_grid: "Rows slightly off the regular time grid, which were moved onto it: {rows}.",
  sentinels: "Cells of {column} that stand for a missing value: {count}, namely {cells}.",
  unsorted_rows: "The rows were not in time order; they were sorted.",
  unused_columns: "Columns that are not used: {columns}.",
};
