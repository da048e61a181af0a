"""The cases that "nothing lost, nothing twice" is held to, and the tests that stand for each.

A case is a number and what must hold. Its tests in this folder carry the number in their name;
those elsewhere, which look closer at a part of it, are named.
"""

from typing import NamedTuple

_S3 = "tests/unit/test_s3_store.py"
_STORE, _FILES = "tests/unit/test_store.py", "tests/unit/test_damaged_files.py"


class Case(NamedTuple):
    """A fault and what must come of it; `elsewhere` are further tests as file::name."""

    number: int
    claim: str
    elsewhere: tuple[str, ...] = ()


CASES = (
    Case(1, "killed at any call or touch of a file, a run is finished by the next"),
    Case(2, "after a storm of killed and sleeping processes every row is there once"),
    Case(3, "a stopped process that wakes up late removes only its own files"),
    Case(4, "two whole runs at once publish what one publishes"),
    Case(5, "any call may fail: its error is seen, a chunk is committed whole or not at all"),
    Case(6, "a commit whose answer was lost is found by the next run"),
    Case(7, "a create that was sent twice and met itself has won",
         (f"{_S3}::test_a_put_that_was_sent_again_and_met_itself_has_won",
          f"{_S3}::test_after_no_answer_the_object_is_asked_who_made_it")),
    Case(8, "a conflict that S3 answers with 409 is tried again",
         (f"{_S3}::test_a_conflict_is_tried_again",)),
    Case(9, "a full disk is said at every stage, and the rerun finishes"),
    Case(10, "a catalog that does not fit doubles nothing"),
    Case(11, "a read-only disk, or one without hard links, is refused by the probe",
         (f"{_STORE}::test_a_file_system_without_hard_links_is_refused",
          f"{_STORE}::test_a_file_system_whose_links_overwrite_is_refused")),
    Case(12, "a writer that breaks off leaves no file and no record"),
    Case(13, "a record that was cut off is named, and nothing of it is sealed",
         ("tests/unit/test_datasets.py::test_a_damaged_record_is_named",)),
    Case(14, "a part that is gone or flipped after its commit is named, and done anew on request",
         ("tests/unit/test_mended_stores.py::test_damaged_documents_are_named_and_the_catalog_stays",
          "tests/unit/test_reuse.py::test_a_part_that_is_damaged_is_named_once_and_then_a_miss")),
    Case(15, "garbage collection beside running workers takes nothing that is named or young"),
    Case(16, "a source that was replaced before or while it was read is refused",
         (f"{_FILES}::test_a_file_replaced_after_listing_is_not_read_as_planned",)),
    Case(17, "a source that went before or while it was read fails its chunks alone",
         (f"{_FILES}::test_a_file_removed_after_listing_fails_its_chunk",)),
    Case(18, "a file that cannot be read is named with its reason, the others proceed",
         (f"{_FILES}::test_a_bad_file_is_named_and_the_others_are_planned",
          "tests/unit/test_step_trouble.py::"
          "test_a_file_that_is_not_parquet_ends_the_run_as_incomplete_unless_tolerated")),
    Case(19, "a byte that flipped is caught where pages carry checksums",
         (f"{_FILES}::test_a_page_that_is_damaged_later_fails_its_chunks_alone",)),
    Case(20, "no rows, no row groups or no files are told apart, and nothing is no success",
         (f"{_FILES}::test_files_without_rows_do_not_disturb_the_others",
          f"{_FILES}::test_a_corpus_without_any_row_is_an_error",
          "tests/unit/test_corpus.py::test_nothing_found_is_an_error_that_says_what_was_seen")),
    Case(21, "a missing, doubled or mistyped column is refused before any model is loaded",
         ("tests/unit/test_columns.py::test_a_text_column_that_is_not_one_is_refused_by_name",
          "tests/unit/test_columns.py::test_a_duplicate_column_is_refused",
          "tests/unit/test_flow_runs.py::"
          "test_a_wrong_column_stops_the_run_before_the_model_and_says_so")),
    Case(22, "every type of text gives the same rows",
         ("tests/unit/test_columns.py::test_every_type_of_text_gives_the_same_rows",)),
    Case(23, "null, blank, invalid, huge: each row is a document or a reject, never both",
         ("tests/unit/test_reading.py::test_rows_without_a_text_are_refused_with_a_reason",
          "tests/unit/test_reading.py::test_a_text_that_is_not_utf8_is_refused_alone",
          "tests/unit/test_reading.py::test_a_nul_and_a_huge_text_are_texts_like_any_other",
          "tests/property/test_reading_laws.py::"
          "test_every_planned_row_is_a_document_or_a_reject")),
    Case(24, "null ids fall back to the place, doubled ones stay",
         ("tests/unit/test_reading.py::"
          "test_null_ids_fall_back_to_the_place_and_doubled_ones_stay",)),
    Case(25, "a vector that SQL cannot compare is a reject and never stored",
         ("tests/unit/test_step_rejects.py::"
          "test_a_vector_that_sql_cannot_use_is_a_reject_of_its_space_alone",
          "tests/unit/test_checks.py::test_a_vector_that_means_nothing_is_not_sealed")),
    Case(26, "a run of rejects alone fails",
         ("tests/unit/test_flow_runs.py::"
          "test_a_run_of_rejects_alone_fails_and_asks_for_the_column",)),
    Case(27, "an unchanged rerun encodes nothing and changes no byte",
         ("tests/unit/test_step_reuse.py::test_a_second_run_encodes_none_and_loads_no_model",)),
    Case(28, "what changed is encoded and nothing else, and changes are told",
         ("tests/unit/test_step_reuse.py::test_editing_one_row_of_one_file_encodes_one_text",
          "tests/unit/test_changes.py::test_a_new_file_and_a_lost_one_are_new_and_deleted")),
    Case(29, "another fingerprint is another space; how a run is carried out is none",
         ("tests/unit/test_step_spaces.py::test_another_encoder_setting_makes_another_space",
          "tests/unit/test_step_spaces.py::"
          "test_how_a_run_is_carried_out_makes_no_other_space")),
    Case(30, "killed while it publishes, a run leaves a whole catalog"),
    Case(31, "who opens the catalog at any moment sees all of one",
         ("tests/unit/test_catalog_readers.py::"
          "test_a_reader_keeps_its_rows_and_the_next_one_sees_the_new_catalog",)),
    Case(32, "a damaged, lost or newer catalog is refused in words and built anew",
         ("tests/unit/test_catalog_readers.py::test_a_lost_catalog_is_built_again",)),
    Case(33, "what a stranger left beside a catalog is not found in the next"),
    Case(34, "a lock is said with the process that holds it, and stops no run"),
    Case(36, "names that start with _ or . are skipped",
         ("tests/unit/test_corpus.py::test_names_of_unfinished_files_are_skipped",)),
    Case(37, "one giant row group is read in bounded memory",
         ("tests/unit/test_step_memory.py::test_memory_does_not_grow_with_the_corpus",)),
    Case(38, "a clock that is wrong changes nothing"),
    Case(39, "no order of events loses or doubles anything, and four broken protocols are found"),
    Case(40, "a plan is the same in every process",
         ("tests/unit/test_plan.py::test_the_plan_is_the_same_in_every_process",)),
)  # fmt: skip
